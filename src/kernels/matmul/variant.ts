import type { AdapterTraits, Lowering } from '../../engine/operation.js';

/**
 * Which kernel a product or a convolution runs on. `lanes`: registers and subgroup broadcasts, for drivers that run on CPU
 * cores. `tiled`: operands staged in workgroup memory, for GPUs.
 */
export type KernelVariant = 'lanes' | 'tiled';

/** The variant asked for, or the one that suits the adapter. */
export function chooseVariant(lowering: Lowering, asked: KernelVariant | undefined): KernelVariant {
  return asked ?? (lowering.adapter.software && lowering.adapter.subgroups ? 'lanes' : 'tiled');
}

/** Invocations in a subgroup. */
export function subgroupLanes(_adapter: AdapterTraits): number {
  return 8;
}
