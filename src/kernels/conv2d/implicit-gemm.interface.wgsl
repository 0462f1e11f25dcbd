// What every kernel is given that computes a convolution as an implicit GEMM, the operand A gathered from x as it is
// read:
//
//   y[n, oh, ow, c] = bias[c] + sum over taps (i, j) and channels k of x[n, ih(i), iw(j), k] * W[i, j, k, c]
//   qh = 0 .. rows-1:   oh = outStart.h + outStep.h * qh,   ih(i) = inStart.h + inStep.h * qh + tapStep.h * i   (and w)
//
// The forward pass is one such product; the gradient by the input is one per phase of the stride (geometry.ts).
// Positions are the (n, qh, qw) in order. groupIn channels k make groupOut channels c in each group. The weight's
// element for tap (i, j), k and c of group g lies at weightStart + g * weightGroup + i * weightTapH + j * weightTapW +
// k * weightK + c * weightN.

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{INPUT}}>;
@group(0) @binding(2) var<storage, read> weight: array<{{WEIGHT}}>;
@group(0) @binding(3) var<storage, read_write> y: array<{{OUTPUT}}>;
@group(0) @binding(4) var<storage, read> bias: array<f32>; // anything where hasBias is 0
