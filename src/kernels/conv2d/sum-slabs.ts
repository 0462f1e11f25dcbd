import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { linearGrid } from '../grid.js';
import { template } from '../template.js';
import source from './sum-slabs.wgsl';

/** The second pass of a sum over slabs: adds `slabs` partial results, one behind the other in `partial`, in their order. */
export function sumSlabs(lowering: Lowering, label: string, partial: Value, total: Value, slabs: number): void {
  const size = sizeOf(total.shape);
  const vector = size % 4 === 0;
  const elements = vector ? size / 4 : size;
  lowering.dispatch({
    label,
    source: template(source, { ELEMENT: vector ? 'vec4f' : 'f32' }),
    bindings: [partial, total],
    writes: [1],
    uniforms: { u32: [elements, slabs] },
    workgroups: linearGrid(elements),
    flops: size * (slabs - 1),
  });
}
