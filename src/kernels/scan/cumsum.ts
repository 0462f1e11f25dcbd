import { type Operation, record, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { isFloat, normalizeAxes, sizeOf, storageType } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import source from './scan.wgsl';

interface ScanAttributes {
  readonly extent: number;
  readonly inner: number;
  readonly reverse: boolean;
}

const scanUniforms = uniforms({ count: 'u32', extent: 'u32', inner: 'u32', distance: 'u32', reverse: 'u32' });

const cumsumOperation: Operation<ScanAttributes> = {
  name: 'cumsum',
  operands: { x: ANY },
  shape: ([x]) => [{ shape: x.shape, dtype: isFloat(x.dtype) ? 'f32' : x.dtype === 'bool' ? 'i32' : x.dtype }],
  lower(lowering, [x], [result], { extent, inner, reverse }) {
    const count = sizeOf(x.shape);
    const passes = Math.max(1, Math.ceil(Math.log2(extent)));
    let input = x;
    for (let pass = 0; pass < passes; pass++) {
      const output = pass === passes - 1 ? result : lowering.scratch(x.shape, result.dtype);
      lowering.dispatch({
        label: 'cumsum',
        ...kernel(source, {
          constants: { X: storageType(input.dtype), Y: storageType(output.dtype) },
          uniforms: scanUniforms({ count, extent, inner, distance: 2 ** pass, reverse: Number(reverse) }),
        }),
        bindings: [input, output],
        writes: [1],
        workgroups: linearGrid(count),
        flops: count,
      });
      input = output;
    }
  },
  gradient: ({ outputGradients: [dy], attributes }) => [
    dy && record(cumsumOperation, [dy], { ...attributes, reverse: !attributes.reverse })[0],
  ],
};

export interface CumsumOptions {
  /** The axis; negative ones count from the end. Default −1. */
  readonly axis?: number;
  /** Sum from the end. Default false. */
  readonly reverse?: boolean;
}

const cumsumOptions: OptionKinds<CumsumOptions> = {
  axis: kinds.optional(kinds.integer),
  reverse: kinds.optional(kinds.flag),
};

const cumsumTakes = signature('cumsum', { x: kinds.tensor }, cumsumOptions);

/**
 * Running sums along an axis, each element among them; f32 also for f16, i32 for bool. Counterpart: torch.cumsum.
 *
 * One dispatch for each doubling of what has been summed: 12 for 4096 values.
 */
export function cumsum(x: Tensor, { axis = -1, reverse = false }: CumsumOptions = {}): Tensor {
  cumsumTakes(arguments);
  const [along] = normalizeAxes('cumsum', [axis], x.shape.length);
  const inner = sizeOf(x.shape.slice(along + 1));
  return record(cumsumOperation, [x], { extent: x.shape[along], inner, reverse })[0];
}
