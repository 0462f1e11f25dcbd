import { LimitError } from '../../engine/errors.js';
import type { AdapterTraits, Lowering } from '../../engine/operation.js';

/**
 * Which kernel a product or a convolution runs on. `lanes`: registers and subgroup broadcasts, for drivers that run on CPU
 * cores. `tiled`: operands staged in workgroup memory, for GPUs.
 */
export type KernelVariant = 'lanes' | 'tiled';

/**
 * The variant asked for, or the one that suits the adapter.
 * @throws LimitError if `lanes` is asked of an adapter without subgroups of one size.
 */
export function chooseVariant({ adapter, variant }: Lowering, asked: KernelVariant | undefined): KernelVariant {
  if (asked === 'lanes' && !variantsFor(adapter).includes('lanes')) {
    throw new LimitError(
      'variant "lanes" needs subgroups of one size up to 16, which this adapter does not offer; use "tiled".',
    );
  }
  return asked ?? (variant as KernelVariant | undefined) ?? variantsFor(adapter)[0];
}

/** In wider subgroups the tiles of `lanes`, which grow with them, would spill out of the registers. */
const WIDEST_LANES = 16;

/** The kernels that an adapter can run, the one that suits its kind first. */
export function variantsFor(adapter: AdapterTraits): readonly KernelVariant[] {
  const { subgroupSize } = adapter;
  if (!adapter.subgroups || subgroupSize === undefined || subgroupSize > WIDEST_LANES) return ['tiled'];
  return adapter.software ? ['lanes', 'tiled'] : ['tiled', 'lanes'];
}

/** Invocations in a subgroup of an adapter that can run `lanes`. */
export function subgroupLanes({ subgroupSize }: AdapterTraits): number {
  if (subgroupSize === undefined) throw new LimitError('variant "lanes" needs to know the size of a subgroup.');
  return subgroupSize;
}
