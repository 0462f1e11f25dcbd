import type { Lowering, Value } from '../../engine/index.js';
import { sizeOf } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import moments from './moments.wgsl';
import { combineLanes, partCount } from './row-parts.js';
import statistics from './statistics.wgsl';
import combineStatistics from './statistics-combine.wgsl';

const statisticsUniforms = uniforms({ rows: 'u32', groups: 'u32', parts: 'u32' });
const combineUniforms = uniforms({ rows: 'u32', groups: 'u32', parts: 'u32', blockRows: 'u32' });

/** Mean and biased variance of each channel of x [..., C], both [C] and f32. */
export function lowerStatistics(lowering: Lowering, x: Value, mean: Value, variance: Value): void {
  const { rows, groups, width, vector, stored } = channelGroups(x);
  const parts = partCount(lowering, rows, groups);
  const partials = lowering.scratch([2, parts, groups * width]);
  lowering.dispatch({
    label: 'batchNorm.statistics',
    ...kernel(withNan(statistics, vector), {
      constants: { VECTOR: vector, STORED: stored, WIDTH: width },
      uniforms: statisticsUniforms({ rows, groups, parts }),
    }),
    bindings: [x, partials],
    writes: [1],
    workgroups: linearGrid(parts * groups),
    flops: 6 * sizeOf(x.shape),
  });
  joinStatistics(lowering, { partials, rows, parts }, mean, variance);
}

/** Mean and M2 of each channel in each part of the rows. */
export interface PartialStatistics {
  /** [2 (mean, M2), parts, C]. */
  readonly partials: Value;
  readonly rows: number;
  readonly parts: number;
  /** Rows that follow one another in a part, fewer in the last; without it a part holds every parts-th row. */
  readonly blockRows?: number;
}

/** The second pass: joins the parts in a fixed order. */
export function joinStatistics(
  lowering: Lowering,
  { partials, rows, parts, blockRows }: PartialStatistics,
  mean: Value,
  variance: Value,
): void {
  const { groups, width, vector } = channelGroups(mean);
  const lanes = combineLanes(lowering, parts);
  lowering.dispatch({
    label: 'batchNorm.combineStatistics',
    ...kernel(moments + combineStatistics, {
      constants: {
        VECTOR: vector,
        WORDS: width === 4 ? 'vec4i' : 'i32',
        WIDTH: width,
        LANES: lanes,
        PARALLEL: lanes > 1,
        BLOCKS: blockRows !== undefined,
      },
      uniforms: combineUniforms({ rows, groups, parts, blockRows: blockRows ?? 0 }),
    }),
    bindings: [partials, mean, variance],
    writes: [1, 2],
    workgroups: linearGrid(groups, 1),
  });
}
