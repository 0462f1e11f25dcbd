import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { type Constants, kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import exchangeSource from './exchange-channels.wgsl';

const exchangeUniforms = uniforms({
  invocations: 'u32',
  /** Values of o in a group. */
  outer: 'u32',
  taps: 'u32',
  /** Values of k. */
  inner: 'u32',
});

/** weight [groups * o, kH, kW, k] as [groups * k, kH, kW, o]: channels exchanged within each group. */
export function exchangeChannels(lowering: Lowering, weight: Value, groups: number): Value {
  const [channels, kernelH, kernelW, inner] = weight.shape;
  const taps = kernelH * kernelW;
  const groupOuter = channels / groups;
  const exchanged = lowering.scratch([groups * inner, kernelH, kernelW, groupOuter]);
  const block = groupOuter % 4 === 0 && inner % 4 === 0 ? 4 : 1;
  const invocations = sizeOf(weight.shape) / (block * block);
  const constants: Constants =
    block === 1
      ? { BLOCK: block, ELEMENT: 'f32', COLUMN_0: 'row0' }
      : {
          BLOCK: block,
          ELEMENT: 'vec4f',
          ...Object.fromEntries([0, 1, 2, 3].map((c) => [`COLUMN_${c}`, columnOfRows(c)])),
        };
  lowering.dispatch({
    label: 'conv2d.exchangeChannels',
    ...kernel(exchangeSource, {
      constants,
      uniforms: exchangeUniforms({ invocations, outer: groupOuter, taps, inner }),
    }),
    bindings: [weight, exchanged],
    writes: [1],
    workgroups: linearGrid(invocations),
  });
  return exchanged;
}

/** Column `c` of the 4×4 block whose rows are row0 … row3. */
function columnOfRows(c: number): string {
  return `vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}])`;
}
