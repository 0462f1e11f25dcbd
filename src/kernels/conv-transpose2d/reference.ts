import type { ConvGeometry, Pair } from '../conv2d/geometry.js';
import type { Reference } from '../conv2d/reference.js';

/**
 * Each pixel of x [N, H, W, inC] adds its kernel of weight [inC, kH, kW, outC / groups], times its value, to the output
 * at `stride` times its place less `padding`. Written as that scatter, and not through the convolution it is the
 * gradient of.
 */
export function convTranspose2dReference(
  x: Reference,
  weight: Reference,
  { stride, padding, dilation, groups, outputPadding }: ConvGeometry & { readonly outputPadding: Pair },
  bias?: Reference,
): Reference {
  const [batch, height, width, inC] = x.shape;
  const [, kernelH, kernelW, groupOut] = weight.shape;
  const [outH, outW] = [0, 1].map(
    (a) =>
      (x.shape[1 + a] - 1) * stride[a] -
      2 * padding[a] +
      dilation[a] * (weight.shape[1 + a] - 1) +
      outputPadding[a] +
      1,
  );
  const outC = groupOut * groups;
  const values = new Float64Array(batch * outH * outW * outC).map((_, at) => bias?.values[at % outC] ?? 0);
  for (let n = 0; n < batch; n++)
    for (let h = 0; h < height; h++)
      for (let w = 0; w < width; w++)
        for (let k = 0; k < inC; k++)
          for (let i = 0; i < kernelH; i++)
            for (let j = 0; j < kernelW; j++) {
              const oh = h * stride[0] - padding[0] + i * dilation[0];
              const ow = w * stride[1] - padding[1] + j * dilation[1];
              if (oh < 0 || oh >= outH || ow < 0 || ow >= outW) continue;
              const firstOut = Math.floor(k / (inC / groups)) * groupOut;
              for (let o = 0; o < groupOut; o++)
                values[((n * outH + oh) * outW + ow) * outC + firstOut + o] +=
                  x.values[((n * height + h) * width + w) * inC + k] *
                  weight.values[((k * kernelH + i) * kernelW + j) * groupOut + o];
            }
  return { shape: [batch, outH, outW, outC], values };
}
