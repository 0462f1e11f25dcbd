import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import source from './sum-split-k.wgsl';
import { elementOf } from './tile.js';

/** Workgroups that keep a large GPU busy, and the products in each that make cutting further worth its sum. */
const ENOUGH_WORKGROUPS = 256;
const LEAST_SPLIT_DEPTH = 256;

/** Into how many parts K is cut, and how long they are but for the last; 0 where it is whole. */
export interface SplitK {
  readonly splits: number;
  readonly splitDepth: number;
}

/** K uncut. */
export const WHOLE: SplitK = { splits: 1, splitDepth: 0 };

/**
 * How K is cut where the tiles of the result alone would leave most of a GPU idle.
 * @param result Elements of the result, and the workgroups that make it.
 */
export function splitK(
  { limits }: Lowering,
  depth: number,
  result: { readonly size: number; readonly tiles: number; readonly tilesPerPosition: number },
): SplitK {
  const allowed = Math.min(
    Math.floor(depth / LEAST_SPLIT_DEPTH),
    Math.floor(limits.maxStorageBufferBindingSize / (4 * result.size)),
    Math.floor(65535 / result.tilesPerPosition),
  );
  const splits = Math.max(1, Math.min(Math.ceil(ENOUGH_WORKGROUPS / result.tiles), allowed));
  // Whole steps of 16, so that vec4 loads stay aligned.
  const splitDepth = 16 * Math.ceil(depth / (16 * splits));
  return { splits: Math.max(1, Math.ceil(depth / Math.max(splitDepth, 1))), splitDepth };
}

const sumUniforms = uniforms({ size: 'u32', splits: 'u32' });

/**
 * The second pass of a product whose K is split: adds `splits` partial results, one behind the other in `partial`, in
 * their order, with a ReLU on top if asked for.
 */
export function sumSplits(
  lowering: Lowering,
  label: string,
  partial: Value,
  total: Value,
  splits: number,
  relu = false,
): void {
  const size = sizeOf(total.shape);
  const vector = size % 4 === 0;
  const elements = vector ? size / 4 : size;
  lowering.dispatch({
    label,
    ...kernel(withNan(source, vector ? 'vec4f' : 'f32'), {
      constants: { ELEMENT: elementOf('f32', vector), TOTAL: elementOf(total.dtype, vector), RELU: relu },
      uniforms: sumUniforms({ size: elements, splits }),
    }),
    bindings: [partial, total],
    writes: [1],
    workgroups: linearGrid(elements),
    flops: size * (splits - 1),
  });
}
