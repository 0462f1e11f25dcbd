import type { Shape } from '../../engine/shape.js';
import { type ConvGeometry, convOutputShape } from './geometry.js';

/** Values with their shape, row-major, in double precision. */
export interface Reference {
  readonly shape: Shape;
  readonly values: Float64Array;
}

/**
 * Visits every product of a convolution: y[toY] += x[fromX] · weight[fromWeight].
 * x [N, H, W, inC], weight [outC, kH, kW, inC / groups], y [N, outH, outW, outC].
 */
function visitProducts(
  x: Shape,
  weight: Shape,
  geometry: ConvGeometry,
  visit: (fromX: number, fromWeight: number, toY: number) => void,
): void {
  const [batch, outH, outW, outC] = convOutputShape('conv2d', x, weight, geometry);
  const [, height, width, inC] = x;
  const [, kernelH, kernelW, groupIn] = weight;
  const { stride, padding, dilation, groups } = geometry;
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < outH; oh++)
      for (let ow = 0; ow < outW; ow++)
        for (let o = 0; o < outC; o++)
          for (let i = 0; i < kernelH; i++)
            for (let j = 0; j < kernelW; j++) {
              const ih = oh * stride[0] - padding[0] + i * dilation[0];
              const iw = ow * stride[1] - padding[1] + j * dilation[1];
              if (ih < 0 || ih >= height || iw < 0 || iw >= width) continue;
              const group = Math.floor(o / (outC / groups));
              for (let k = 0; k < groupIn; k++)
                visit(
                  ((n * height + ih) * width + iw) * inC + group * groupIn + k,
                  ((o * kernelH + i) * kernelW + j) * groupIn + k,
                  ((n * outH + oh) * outW + ow) * outC + o,
                );
            }
}

function zeros(shape: Shape): Reference & { values: Float64Array } {
  return { shape, values: new Float64Array(shape.reduce((size, extent) => size * extent, 1)) };
}

export function conv2dReference(x: Reference, weight: Reference, geometry: ConvGeometry, bias?: Reference): Reference {
  const y = zeros(convOutputShape('conv2d', x.shape, weight.shape, geometry));
  if (bias)
    y.values.forEach((_, at) => {
      y.values[at] = bias.values[at % bias.values.length];
    });
  visitProducts(x.shape, weight.shape, geometry, (fromX, fromWeight, toY) => {
    y.values[toY] += x.values[fromX] * weight.values[fromWeight];
  });
  return y;
}

export function convInputGradientReference(
  dy: Reference,
  weight: Reference,
  geometry: ConvGeometry,
  shape: Shape,
): Reference {
  const gx = zeros(shape);
  visitProducts(shape, weight.shape, geometry, (fromX, fromWeight, toY) => {
    gx.values[fromX] += dy.values[toY] * weight.values[fromWeight];
  });
  return gx;
}

export function convWeightGradientReference(
  x: Reference,
  dy: Reference,
  geometry: ConvGeometry,
  shape: Shape,
): Reference {
  const gw = zeros(shape);
  visitProducts(x.shape, shape, geometry, (fromX, fromWeight, toY) => {
    gw.values[fromWeight] += dy.values[toY] * x.values[fromX];
  });
  return gw;
}
