import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { linearGrid } from '../grid.js';
import { elementOf } from '../matmul/tile.js';
import { withNan } from '../nan.js';
import { enableHalves, template } from '../template.js';
import source from './sum-slabs.wgsl';

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
    source: enableHalves(
      withNan(
        template(source, { ELEMENT: elementOf('f32', vector), TOTAL: elementOf(total.dtype, vector), RELU: relu }),
        vector ? 'vec4<f32>' : 'f32',
      ),
      [total],
    ),
    bindings: [partial, total],
    writes: [1],
    uniforms: { u32: [elements, slabs] },
    workgroups: linearGrid(elements),
    flops: size * (slabs - 1),
  });
}
