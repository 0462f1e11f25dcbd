import type { PoolWindow } from './window.js';

/** Calls `visit` for every output element with the indices, in x, of the cells under its window, in row-major order. */
function eachWindow(window: PoolWindow, visit: (output: number, cells: number[]) => void): void {
  const { kernel, stride, padding, inputShape, outputShape } = window;
  const [, height, width, channels] = inputShape;
  const [images, outHeight, outWidth] = outputShape;
  let output = 0;
  for (let n = 0; n < images; n++) {
    for (let o = 0; o < outHeight; o++) {
      for (let p = 0; p < outWidth; p++) {
        for (let c = 0; c < channels; c++) {
          const cells: number[] = [];
          for (let dy = 0; dy < kernel[0]; dy++) {
            for (let dx = 0; dx < kernel[1]; dx++) {
              const i = o * stride[0] - padding[0] + dy;
              const j = p * stride[1] - padding[1] + dx;
              if (i < 0 || i >= height || j < 0 || j >= width) continue;
              cells.push(((n * height + i) * width + j) * channels + c);
            }
          }
          visit(output++, cells);
        }
      }
    }
  }
}

export function maxPool2dReference(x: ArrayLike<number>, window: PoolWindow): Float64Array {
  const y: number[] = [];
  eachWindow(window, (output, cells) => {
    y[output] = Math.max(...cells.map((cell) => x[cell]));
  });
  return Float64Array.from(y);
}

export function avgPool2dReference(x: ArrayLike<number>, window: PoolWindow, countIncludePad: boolean): Float64Array {
  const y: number[] = [];
  eachWindow(window, (output, cells) => {
    const count = countIncludePad ? window.kernel[0] * window.kernel[1] : cells.length;
    y[output] = cells.reduce((sum, cell) => sum + x[cell], 0) / count;
  });
  return Float64Array.from(y);
}
