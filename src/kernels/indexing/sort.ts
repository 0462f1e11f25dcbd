import { type Operation, record, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { isFloat, normalizeAxes, sizeOf, storageType } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import source from './sort.wgsl';

interface SortAttributes {
  readonly extent: number;
  readonly inner: number;
  readonly descending: boolean;
}

const passUniforms = uniforms({ count: 'u32', extent: 'u32', inner: 'u32', run: 'u32' });

const argsortOperation: Operation<SortAttributes> = {
  name: 'argsort',
  operands: { x: ANY },
  shape: ([x]) => [{ shape: x.shape, dtype: 'i32' }],
  lower(lowering, [x], [result], { extent, inner, descending }) {
    const count = sizeOf(x.shape);
    const type = storageType(x.dtype);
    const passes = Math.max(1, Math.ceil(Math.log2(extent)));
    let before = result;
    for (let pass = 0; pass < passes; pass++) {
      const after = pass === passes - 1 ? result : lowering.scratch([count], 'u32');
      const bindings = pass === 0 ? [x, after] : [x, before, after];
      lowering.dispatch({
        label: 'argsort',
        ...kernel(source, {
          constants: {
            ...{ X: type, FLOAT: isFloat(x.dtype), SIGNED: type === 'i32', UNSIGNED: type === 'u32' },
            ...{ FIRST: pass === 0, DESCENDING: descending },
          },
          uniforms: passUniforms({ count, extent, inner, run: 2 ** pass }),
        }),
        bindings,
        writes: [bindings.length - 1],
        workgroups: linearGrid(count),
      });
      before = after;
    }
  },
};

export interface SortOptions {
  /** The axis; negative ones count from the end. Default −1. */
  readonly axis?: number;
  /** Largest first. Default false. */
  readonly descending?: boolean;
}

const sortOptions: OptionKinds<SortOptions> = {
  axis: kinds.optional(kinds.integer),
  descending: kinds.optional(kinds.flag),
};

const argsortTakes = signature('argsort', { x: kinds.tensor }, sortOptions);

/**
 * The positions along an axis in the order of their values, i32. Equal values keep their order, and NaN counts as the
 * largest. Counterpart: torch.argsort with stable=True.
 *
 * A merge sort of one dispatch for each doubling of the sorted runs: 12 for 4096 values.
 */
export function argsort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Tensor {
  argsortTakes(arguments);
  const [along] = normalizeAxes('argsort', [axis], x.shape.length);
  const inner = sizeOf(x.shape.slice(along + 1));
  return record(argsortOperation, [x], { extent: x.shape[along], inner, descending })[0];
}
