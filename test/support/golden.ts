import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** A file of `../shared/golden`, or undefined where the folder is absent: tests then skip, by name. */
export function golden<T extends object = Golden>(name: string): T | undefined {
  const file = fileURLToPath(new URL(`../../../shared/golden/${name}.json`, import.meta.url));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
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
