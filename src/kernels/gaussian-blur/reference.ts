/** Blurs x = [N, H, W, C], each image by its own σ, as one sum over both axes. */
export function gaussianBlurReference(
  x: ArrayLike<number>,
  [images, height, width, channels]: readonly number[],
  sigmas: ArrayLike<number>,
): Float64Array {
  const y = new Float64Array(images * height * width * channels);
  let at = 0;
  for (let n = 0; n < images; n++) {
    const sigma = sigmas[n];
    const radius = sigma > 0 ? Math.ceil(3 * sigma) : 0;
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let c = 0; c < channels; c++, at++) {
          let [sum, total] = [0, 0];
          for (let di = -radius; di <= radius; di++) {
            for (let dj = -radius; dj <= radius; dj++) {
              const weight = radius === 0 ? 1 : Math.exp(-(di * di + dj * dj) / (2 * sigma * sigma));
              const row = mirrored(i + di, height);
              const column = mirrored(j + dj, width);
              sum += weight * x[((n * height + row) * width + column) * channels + c];
              total += weight;
            }
          }
          y[at] = sum / total;
        }
      }
    }
  }
  return y;
}

/** Walks from 0 to `position`, turning back at both ends. */
function mirrored(position: number, extent: number): number {
  if (extent === 1) return 0;
  if (position < 0) return mirrored(-position, extent);
  return position < extent ? position : mirrored(2 * (extent - 1) - position, extent);
}
