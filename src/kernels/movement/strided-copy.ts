import { type Lowering, ShapeError, type Value } from '../../engine/index.js';
import { sizeOf, storageType } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import copyRowsSource from './copy-rows.wgsl';
import copyStridedSource from './copy-strided.wgsl';

const MAX_RANK = 8;

const walkUniforms = uniforms({
  /** The axes of the result, innermost first: extent, padding before, the input's extent and its stride. */
  dimensions: `array<vec4u, ${MAX_RANK}>`,
  count: 'u32',
  rank: 'u32',
  value: 'f32',
  offset: 'u32',
});

const copyUniforms = uniforms({
  count: 'u32',
  length: 'u32',
  inputRow: 'u32',
  inputOffset: 'u32',
  resultRow: 'u32',
  resultOffset: 'u32',
});

interface Walk {
  /** Per axis of the result: its extent, the padding before, the input's extent along it and the input's stride. */
  readonly extents: readonly number[];
  readonly before: readonly number[];
  readonly lengths: readonly number[];
  readonly strides: readonly number[];
  /** Where in the input the first element of the result stands. Default 0. */
  readonly offset?: number;
}

/** Copies `x` into `result` by strides. Padding gets `value`. */
export function lowerStridedCopy(
  lowering: Lowering,
  label: string,
  x: Value,
  result: Value,
  walk: Walk,
  value = 0,
): void {
  const rank = walk.extents.length;
  const dimensions: number[] = [];
  for (let axis = rank - 1; axis >= 0; axis--) {
    dimensions.push(walk.extents[axis], walk.before[axis], walk.lengths[axis], walk.strides[axis]);
  }
  while (dimensions.length < 4 * MAX_RANK) dimensions.push(1, 0, 1, 0);
  const count = sizeOf(result.shape);
  lowering.dispatch({
    label,
    ...kernel(copyStridedSource, {
      constants: { TYPE: storageType(x.dtype) },
      uniforms: walkUniforms({ dimensions, count, rank, value, offset: walk.offset ?? 0 }),
    }),
    bindings: [x, result],
    writes: [1],
    workgroups: linearGrid(count),
  });
}

/** Copies `rows` stretches of `length` values, by strides and offsets in values. */
export function lowerCopyRows(
  lowering: Lowering,
  label: string,
  x: Value,
  result: Value,
  [rows, ...extents]: [
    rows: number,
    length: number,
    inputRow: number,
    inputOffset: number,
    resultRow: number,
    resultOffset: number,
  ],
): void {
  const vectors = extents.every((extent) => extent % 4 === 0);
  const unit = vectors ? 4 : 1;
  const [length, inputRow, inputOffset, resultRow, resultOffset] = extents.map((extent) => extent / unit);
  const count = rows * length;
  lowering.dispatch({
    label,
    ...kernel(copyRowsSource, {
      constants: { TYPE: vectors ? `vec4<${storageType(x.dtype)}>` : storageType(x.dtype) },
      uniforms: copyUniforms({ count, length, inputRow, inputOffset, resultRow, resultOffset }),
    }),
    bindings: [x, result],
    writes: [1],
    workgroups: linearGrid(count),
  });
}

/** Refuses tensors of more axes than the kernel of strided copies walks. */
export function checkRank(name: string, rank: number): void {
  if (rank > MAX_RANK) throw new ShapeError(`${name}: rank ${rank} is beyond ${MAX_RANK}; merge axes with reshape.`);
}
