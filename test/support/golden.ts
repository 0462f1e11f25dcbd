/// <reference types="vite/types/importMeta.d.ts" />

/** One tensor of a golden file, in PyTorch's layout. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly dtype: string;
  readonly data: number[];
}

/** Values that PyTorch computed in float64. */
export interface Golden {
  readonly name: string;
  readonly op: string;
  readonly params: Record<string, unknown>;
  readonly tensors: Record<string, GoldenTensor>;
}

/** Bundled by the test runner and not read from disk, so that tests in a page have them too. */
const files = import.meta.glob('../../../shared/golden/*.json', { import: 'default', eager: true });

/** A file of `../shared/golden`, or undefined where the folder is absent: tests then skip, by name. */
export function golden<T extends object = Golden>(name: string): T | undefined {
  return files[`../../../shared/golden/${name}.json`] as T | undefined;
}

/** PyTorch's [N, C, H, W] as [N, H, W, C]. Weights [outC, inC, kH, kW] become [outC, kH, kW, inC] by the same step. */
export function nchwToNhwc({ shape, data }: GoldenTensor): { shape: number[]; values: Float32Array } {
  const [n, c, h, w] = shape;
  const values = new Float32Array(data.length);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < c; k++) {
      for (let p = 0; p < h * w; p++) values[(i * h * w + p) * c + k] = data[(i * c + k) * h * w + p];
    }
  }
  return { shape: [n, h, w, c], values };
}
