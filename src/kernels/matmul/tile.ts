import type { Lowering, Value } from '../../engine/operation.js';
import type { DType } from '../../engine/shape.js';
import { enableHalves, template } from '../template.js';
import multiplySource from './tile.multiply.wgsl';
import declarations from './tile.wgsl';
import { unroll } from './unroll.js';
import type { KernelVariant } from './variant.js';

/**
 * Completes a kernel that multiplies tiles staged in workgroup memory. It may use tileA and tileB (tile.wgsl), the constants
 *
 *   EXTENT, QUADS       of a tile, in rows and in vec4
 *   THREADS             2 · EXTENT
 *   PARTS               columns of an invocation: 4 of every 64
 *
 * and `{{MULTIPLY}}`, which adds the products of what is staged to sum{h}_{c}_{e}: h of two halves of the rows, c of PARTS, e of
 * four rows, of `half` and `quad` = index / 16, index % 16: rows half · 4 + e + h · EXTENT / 2, columns quad · 4 + c · 64.
 */
export function tiledSource(
  { limits }: Lowering,
  variant: KernelVariant,
  source: string,
  operands: readonly Value[],
  constants: Record<string, string | number | boolean>,
): string {
  const extent = tileExtent(variant);
  const quads = extent / 4;
  const padded = 2 * 16 * 16 * (quads + 1) <= limits.maxComputeWorkgroupStorageSize;
  const counts = {
    ...{ EXTENT: extent, QUADS: quads, THREADS: 2 * extent, PARTS: extent / 64, HALF: extent / 8 },
    PITCH: padded ? quads + 1 : quads,
  };
  const text = template(unroll(declarations + source, counts), {
    ...constants,
    MULTIPLY: unroll(multiplySource, counts),
  });
  return enableHalves(text, operands);
}

/** How a kernel declares what it loads and stores at once. */
export function elementOf(dtype: DType, vector: boolean): string {
  return vector ? `vec4<${dtype}>` : dtype;
}

/** Rows and columns of a tile. */
export function tileExtent(variant: KernelVariant): number {
  return variant === 'tiled-128' ? 128 : 64;
}
