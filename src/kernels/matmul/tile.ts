import type { AdapterTraits, Lowering, MatrixShape, Value } from '../../engine/operation.js';
import type { DType } from '../../engine/shape.js';
import { enableHalves, template } from '../template.js';
import matrixSource from './tile.matrix.wgsl';
import vectorSource from './tile.vector.wgsl';
import declarations from './tile.wgsl';
import { unroll } from './unroll.js';
import { isMatrix, type KernelVariant } from './variant.js';

/**
 * Completes a kernel that multiplies tiles staged in workgroup memory, 2 · EXTENT invocations for EXTENT rows and columns. It has
 * `stageA` and `stageB` (tile.wgsl), the constants EXTENT, QUADS (vec4 of a row), THREADS and MATRIX, the lines that belong to
 * either kind of product,
 *
 *   {{ACCUMULATORS}}   before the loop over K, from `index` in the workgroup or, with MATRIX, `subgroup` and `lane`
 *   {{MULTIPLY}}       adds the products of what is staged
 *   {{EMIT}}           hands every sum to `emit(place, row, column, value: vec4f)`, counted within the tile
 *
 * and brings a struct `place` and the function `emit`.
 */
export function tiledSource(
  lowering: Lowering,
  variant: KernelVariant,
  source: string,
  operands: readonly Value[],
  constants: Record<string, string | number | boolean>,
): string {
  const extent = tileExtent(variant);
  const matrix = isMatrix(variant);
  const counts = {
    ...{ EXTENT: extent, QUADS: extent / 4, THREADS: 2 * extent, PARTS: extent / 64, HALF: extent / 8 },
    ...(matrix ? matrixCounts(lowering, extent) : vectorCounts(lowering, extent)),
  };
  const sections = sectionsOf(matrix ? matrixSource : vectorSource, (text) =>
    template(unroll(text, counts), { MATRIX: matrix }),
  );
  const text = template(unroll(declarations + source, counts), {
    ...counts,
    ...constants,
    ...sections,
    MATRIX: matrix,
  });
  return matrix ? `enable f16;\nenable chromium_experimental_subgroup_matrix;\n${text}` : enableHalves(text, operands);
}

function vectorCounts({ limits }: Lowering, extent: number): Record<string, number> {
  const quads = extent / 4;
  const padded = 2 * STEP * 16 * (quads + 1) <= limits.maxComputeWorkgroupStorageSize;
  const pitch = padded ? quads + 1 : quads;
  return { PITCH: pitch, STAGED: STEP * pitch };
}

/** Steps of K that are staged at a time. */
const STEP = 16;

function matrixCounts({ adapter, limits }: Lowering, extent: number): Record<string, number> {
  const { matrix, subgroupSize } = adapter;
  if (!matrix || subgroupSize === undefined) throw new Error('matrix units are not known to this adapter');
  const { m, n, k } = matrix;
  const { across, rows, columns } = division(matrix, extent, (2 * extent) / subgroupSize);
  const subgroups = (2 * extent) / subgroupSize;
  const results = subgroups * m * n;
  const quads = extent / 4;
  // 16 bytes more in each row keep rows aligned and banks apart.
  const padded = 2 * STEP * 8 * (quads + 2) + 4 * results <= limits.maxComputeWorkgroupStorageSize;
  const pitch = padded ? quads + 2 : quads;
  return {
    ...{ M: m, N: n, K: k, STEPS: STEP / k, SUBGROUP: subgroupSize, RESULTS: results, QUADS_OF_RESULT: (m * n) / 4 },
    ...{ ACROSS: across, ROWS: rows, COLUMNS: columns, OWN_ROWS: rows * m, OWN_COLUMNS: columns * n },
    ...{ PITCH: pitch, STAGED: STEP * pitch },
  };
}

/** How a tile falls to subgroups: `across` of them in a row, each with rows × columns matrices, and as few loads as can be. */
function division(
  { m, n }: MatrixShape,
  extent: number,
  subgroups: number,
): { across: number; rows: number; columns: number } {
  const candidates = [];
  for (let across = 1; across <= subgroups; across++) {
    const [rows, columns] = [extent / (subgroups / across) / m, extent / across / n];
    if (Number.isInteger(rows) && Number.isInteger(columns)) candidates.push({ across, rows, columns });
  }
  const [best] = candidates.sort((a, b) => a.rows + a.columns - (b.rows + b.columns));
  if (!best)
    throw new Error(`no division of ${extent}×${extent} into matrices of ${m}×${n} for ${subgroups} subgroups`);
  return best;
}

/** Whether tiles of 64 and 128 can be made of such matrices by subgroups of that size. */
export function fitsTiles({ m, n, k }: MatrixShape, { subgroupSize }: AdapterTraits): boolean {
  if (subgroupSize === undefined || STEP % k !== 0 || n % 4 !== 0) return false;
  const subgroups = 128 / subgroupSize;
  return Number.isInteger(subgroups) && [m, n].every((side) => 64 % side === 0) && (64 * 64) / (m * n) >= subgroups;
}

/** Rows and columns of a tile. */
export function tileExtent(variant: KernelVariant): number {
  return variant.endsWith('-128') ? 128 : 64;
}

/** How a kernel declares what it loads and stores at once. */
export function elementOf(dtype: DType, vector: boolean): string {
  return vector ? `vec4<${dtype}>` : dtype;
}

/** The parts of a text behind its lines `//#section NAME`, by name. */
function sectionsOf(source: string, expand: (text: string) => string): Record<string, string> {
  const parts = source.split(/^\/\/#section (\w+)\n/m);
  const sections: Record<string, string> = {};
  for (let i = 1; i < parts.length; i += 2) sections[parts[i]] = expand(parts[i + 1]);
  return sections;
}
