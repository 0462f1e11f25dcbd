// What every gather kernel is given. The convolution as a gather:
//
//   y[n, oh, ow, c] = bias[c] + sum over taps (i, j) and channels k of x[n, ih(i), iw(j), k] * W[i, j, k, c]
//   qh = 0 .. rows-1:   oh = outStart.h + outStep.h * qh,   ih(i) = inStart.h + inStep.h * qh + tapStep.h * i   (w alike)
//
// The forward pass is one such gather; the gradient by the input is one per phase of the stride (geometry.ts).
// Positions are the (n, qh, qw) in order. groupIn channels k make groupOut channels c in each group. The weight's element for tap
// (i, j), k and c of group g lies at weightStart + g * weightGroup + i * weightTapH + j * weightTapW + k * weightK + c * weightN.

struct Shape {
  positions: u32, rows: u32, cols: u32,
  inH: u32, inW: u32, inC: u32,
  outH: u32, outW: u32, outC: u32,
  outStepH: u32, outStepW: u32, outStartH: u32, outStartW: u32,
  inStepH: u32, inStepW: u32, inStartH: i32, inStartW: i32,
  tapsH: u32, tapsW: u32, tapStepH: i32, tapStepW: i32,
  groupIn: u32, groupOut: u32, channelTiles: u32,
  weightStart: u32, weightTapH: u32, weightTapW: u32, weightK: u32, weightN: u32, weightGroup: u32,
  hasBias: u32,
  // Only where K is cut into slabs, whose sums lie slabSize apart:
  groups: u32, slabDepth: u32, slabSize: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<{{INPUT}}>;
@group(0) @binding(2) var<storage, read> weight: array<{{WEIGHT}}>;
@group(0) @binding(3) var<storage, read_write> y: array<{{OUTPUT}}>;
@group(0) @binding(4) var<storage, read> bias: array<f32>; // anything where hasBias is 0
