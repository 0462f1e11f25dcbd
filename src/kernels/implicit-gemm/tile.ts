import { LimitError } from '../../engine/errors.js';
import type { AdapterTraits, Lowering, MatrixShape } from '../../engine/operation.js';
import type { DType } from '../../engine/shape.js';
import { type Constants, type Kernel, type KernelOptions, kernel, sections } from '../../engine/wgsl/index.js';
import matrixSource from './tile.matrix.wgsl';
import vectorSource from './tile.vector.wgsl';
import declarations from './tile.wgsl';
import { isMatrix, type KernelVariant } from './variants.js';

/**
 * Completes a kernel that multiplies tiles staged in workgroup memory, 2 · EXTENT invocations for EXTENT rows and
 * columns. It has `stageLines` and `stageDepths` (tile.wgsl), the constants COLUMNS_AT, EXTENT, QUADS (vec4 of a row),
 * THREADS, STEP (of K, staged at a time) and SWEEPS (of 16 in it), the lines that belong to either kind of product,
 *
 *   {{INPUTS}}         parameters of `main`, besides `index` in the workgroup
 *   {{ACCUMULATORS}}   before the loop over K
 *   {{MULTIPLY}}       adds the products of what is staged
 *   {{EMIT}}           hands every sum to `emit(place, row, column, value: vec4f)`, counted within the tile
 *
 * and brings a struct `place` and the function `emit`. Where the constant STATISTICS is true, `emit` returns what it
 * has stored, and the kernel also brings moments.wgsl, `rowsOf(place)`, how many of the tile's rows there are, and
 * `keepQuad(place, column, moments)` for four columns or `keep` for one, which receive the moments of each column over
 * these rows.
 */
export function tiledKernelOf(
  lowering: Lowering,
  variant: KernelVariant,
  source: string,
  { constants = {}, uniforms }: KernelOptions,
): Kernel {
  const matrix = isMatrix(variant);
  const plan = planTile(lowering, variant);
  const { bytes: _, ...counts } = plan;
  const { maxComputeWorkgroupStorageSize: limit } = lowering.limits;
  const bytes = workgroupBytes(plan, constants.STATISTICS === true);
  if (bytes > limit) {
    throw new LimitError(
      `variant "${variant}" takes ${bytes} bytes of workgroup memory and this adapter has ${limit}; use a smaller one.`,
    );
  }
  const known: Constants = {
    STATISTICS: false,
    ...counts,
    ...constants,
    MATRIX: matrix,
    VARIES: lowering.adapter.matrix?.sizeVaries ?? false,
  };
  const parts = sections(matrix ? matrixSource : vectorSource, known);
  return kernel(declarations + source, { constants: { ...known, ...parts }, uniforms });
}

/** Whether a kernel can take the moments of its columns along, in the workgroup memory that there is. */
export function fitsStatistics(lowering: Lowering, variant: KernelVariant): boolean {
  return workgroupBytes(planTile(lowering, variant), true) <= lowering.limits.maxComputeWorkgroupStorageSize;
}

/** The numbers of a kernel's text, and the bytes of workgroup memory that it takes. */
type TilePlan = Record<string, number> & { readonly bytes: number };

function workgroupBytes({ bytes, MOMENTS = 0 }: TilePlan, statistics: boolean): number {
  return bytes + (statistics ? 8 * MOMENTS : 0);
}

function planTile({ adapter, limits }: Lowering, variant: KernelVariant): TilePlan {
  const extent = tileExtent(variant);
  const step = stepOf(variant);
  return {
    ...{ EXTENT: extent, QUADS: extent / 4, THREADS: 2 * extent, PARTS: extent / 64, HALF: extent / 8 },
    ...{ STEP: step, SWEEPS: step / SWEEP },
    ...(isMatrix(variant) ? matrixCounts(adapter, limits, extent, step) : vectorCounts(limits, extent, step)),
  };
}

function vectorCounts(limits: GPUSupportedLimits, extent: number, step: number) {
  const quads = extent / 4;
  const bytes = (pitch: number) => 2 * step * 16 * pitch;
  const pitch = bytes(quads + 1) <= limits.maxComputeWorkgroupStorageSize ? quads + 1 : quads;
  return { PITCH: pitch, COLUMNS_AT: step * pitch, bytes: bytes(pitch) };
}

function matrixCounts({ matrix }: AdapterTraits, limits: GPUSupportedLimits, extent: number, step: number) {
  if (!matrix) throw new Error('matrix units are not known to this adapter');
  const { m, n, k, subgroupSize } = matrix;
  const shares = (2 * extent) / subgroupSize;
  const { across, rows, columns } = division(matrix, extent, shares);
  const results = shares * m * n;
  const quads = step / 4;
  const bytes = (pitch: number) => 2 * extent * 8 * pitch + 4 * results;
  // 16 bytes more in each line keep lines aligned and banks apart.
  const pitch = bytes(quads + 2) <= limits.maxComputeWorkgroupStorageSize ? quads + 2 : quads;
  return {
    ...{
      M: m,
      N: n,
      K: k,
      STEPS: step / k,
      QUADS_OF_K: k / 4,
      SUBGROUP: subgroupSize,
      RESULTS: results,
      QUADS_OF_RESULT: (m * n) / 4,
    },
    ...{ ACROSS: across, ROWS: rows, COLUMNS: columns, OWN_ROWS: rows * m, OWN_COLUMNS: columns * n },
    ...{ SHARES: shares, SHARES_DOWN: shares / across, MOMENTS: (shares / across) * extent },
    ...{ PITCH: pitch, COLUMNS_AT: extent * pitch, bytes: bytes(pitch) },
  };
}

/**
 * How a tile falls into shares: `across` of them in a row, each of rows × columns matrices, and as few loads as can be.
 */
function division(
  { m, n }: MatrixShape,
  extent: number,
  shares: number,
): { across: number; rows: number; columns: number } {
  const candidates = [];
  for (let across = 1; across <= shares; across++) {
    const [rows, columns] = [extent / (shares / across) / m, extent / across / n];
    if (Number.isInteger(rows) && Number.isInteger(columns)) candidates.push({ across, rows, columns });
  }
  const [best] = candidates.sort((a, b) => a.rows + a.columns - (b.rows + b.columns));
  if (!best) throw new Error(`no division of ${extent}×${extent} into ${shares} shares of matrices of ${m}×${n}`);
  return best;
}

/** Whether tiles of 64 and 128 can be made of such matrices by subgroups of that size. */
export function fitsTiles({ m, n, k }: MatrixShape, subgroupSize: number): boolean {
  if (SWEEP % k !== 0 || n % 4 !== 0) return false;
  const shares = 128 / subgroupSize;
  return Number.isInteger(shares) && [m, n].every((side) => 64 % side === 0) && (64 * 64) / (m * n) >= shares;
}

/** Steps of K that a workgroup stages at once. */
const SWEEP = 16;

/** Steps of K that are staged before they are multiplied. */
function stepOf(variant: KernelVariant): number {
  return variant.endsWith('-k32') ? 2 * SWEEP : SWEEP;
}

/** Rows and columns of a tile. */
export function tileExtent(variant: KernelVariant): number {
  return variant.includes('-128') ? 128 : 64;
}

/** How a kernel declares what it loads and stores at once. */
export function elementOf(dtype: DType, vector: boolean): string {
  return vector ? `vec4<${dtype}>` : dtype;
}
