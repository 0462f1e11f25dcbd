/** Which cells of an axis with `input` cells make output cell o, with their weights. */
type Interpolation = (
  o: number,
  input: number,
  output: number,
  scale: number | undefined,
) => [cell: number, weight: number][];

/** Half-pixel (or, with aligned corners, corner-to-corner) linear interpolation, clamped to the axis. */
export function bilinear(alignCorners: boolean): Interpolation {
  return (o, input, output, scale) => {
    const step = scale === undefined ? input / output : 1 / scale;
    const unclamped = alignCorners ? (output === 1 ? 0 : (o * (input - 1)) / (output - 1)) : (o + 0.5) * step - 0.5;
    const s = Math.min(Math.max(unclamped, 0), input - 1);
    const left = Math.floor(s);
    return s === left
      ? [[left, 1]]
      : [
          [left, left + 1 - s],
          [left + 1, s - left],
        ];
  };
}

export const nearest: Interpolation = (o, input, output, scale) => [
  [Math.min(Math.floor(scale === undefined ? (o * input) / output : o / scale), input - 1), 1],
];

/** Resizes x = [N, H, W, C] to [N, h, w, C]. */
export function resizeReference(
  x: ArrayLike<number>,
  [images, height, width, channels]: readonly number[],
  [outHeight, outWidth]: readonly number[],
  interpolation: Interpolation,
  [rowScale, columnScale]: readonly (number | undefined)[] = [],
): Float64Array {
  const y = new Float64Array(images * outHeight * outWidth * channels);
  let at = 0;
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let c = 0; c < channels; c++, at++) {
          for (const [row, rowWeight] of interpolation(i, height, outHeight, rowScale)) {
            for (const [column, columnWeight] of interpolation(j, width, outWidth, columnScale)) {
              y[at] += rowWeight * columnWeight * x[((n * height + row) * width + column) * channels + c];
            }
          }
        }
      }
    }
  }
  return y;
}
