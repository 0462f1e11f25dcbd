import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import source from './sum-split-k.wgsl';
import { elementOf } from './tile.js';

const sumUniforms = uniforms({ size: 'u32', slabs: 'u32' });

/**
 * The second pass of a sum over slabs: adds `slabs` partial results, one behind the other in `partial`, in their order, with a ReLU
 * on top if asked for.
 */
export function sumSlabs(
  lowering: Lowering,
  label: string,
  partial: Value,
  total: Value,
  slabs: number,
  relu = false,
): void {
  const size = sizeOf(total.shape);
  const vector = size % 4 === 0;
  const elements = vector ? size / 4 : size;
  lowering.dispatch({
    label,
    ...kernel(withNan(source, vector ? 'vec4f' : 'f32'), {
      constants: { ELEMENT: elementOf('f32', vector), TOTAL: elementOf(total.dtype, vector), RELU: relu },
      uniforms: sumUniforms({ size: elements, slabs }),
    }),
    bindings: [partial, total],
    writes: [1],
    workgroups: linearGrid(elements),
    flops: size * (slabs - 1),
  });
}
