/**
 * Gaussian blur of a size×size frame, rows then columns. The kernel ends at 3σ and its weights sum to 1; beyond its
 * borders the frame is mirrored about its outermost pixels (…2 1 | 0 1 2…), as torchvision's `gaussian_blur` does.
 * Returns a new array.
 *
 * @param sigma standard deviation, px, above 0
 */
export function gaussianBlur(pixels: Float32Array, size: number, sigma: number): Float32Array {
  const weights = halfKernel(sigma);
  return blurColumns(blurRows(pixels, size, weights), size, weights);
}

/** Weights at distances 0, 1, … of the kernel's centre. */
function halfKernel(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(3 * sigma) + 1 }, (_, k) => Math.exp(-((k / sigma) ** 2) / 2));
  const sum = weights.reduce((total, weight) => total + 2 * weight, -weights[0]);
  return weights.map((weight) => weight / sum);
}

function blurRows(pixels: Float32Array, size: number, weights: Float64Array): Float32Array {
  const radius = weights.length - 1;
  const result = new Float32Array(size * size);
  const row = new Float64Array(size + 2 * radius);
  const source = Int32Array.from(row, (_, i) => mirrored(i - radius, size));
  for (let start = 0; start < size * size; start += size) {
    for (let i = 0; i < row.length; i++) row[i] = pixels[start + source[i]];
    for (let x = 0; x < size; x++) {
      const centre = x + radius;
      let sum = weights[0] * row[centre];
      for (let k = 1; k <= radius; k++) sum += weights[k] * (row[centre - k] + row[centre + k]);
      result[start + x] = sum;
    }
  }
  return result;
}

/** Whole rows are added up, so that memory is read in the order in which it lies. */
function blurColumns(pixels: Float32Array, size: number, weights: Float64Array): Float32Array {
  const result = new Float32Array(size * size);
  const sums = new Float64Array(size);
  for (let y = 0; y < size; y++) {
    const start = y * size;
    for (let x = 0; x < size; x++) sums[x] = weights[0] * pixels[start + x];
    for (let k = 1; k < weights.length; k++) {
      const weight = weights[k];
      const above = mirrored(y - k, size) * size;
      const below = mirrored(y + k, size) * size;
      for (let x = 0; x < size; x++) sums[x] += weight * (pixels[above + x] + pixels[below + x]);
    }
    result.set(sums, start);
  }
  return result;
}

/** The position within 0 … size − 1 where mirrors at both outermost pixels show `position`. */
function mirrored(position: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const folded = Math.abs(position) % period;
  return Math.min(folded, period - folded);
}
