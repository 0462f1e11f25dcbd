import { LimitError } from '../../engine/errors.js';
import type { AdapterTraits, Lowering } from '../../engine/operation.js';
import type { DType, TensorSpec } from '../../engine/shape.js';

/**
 * Which kernel a product or a convolution runs on. `lanes`: registers and subgroup broadcasts, for drivers that run on
 * CPU cores. `tiled`: tiles of 64×64 staged in workgroup memory, for GPUs. `tiled-128`: tiles of 128×128, which read
 * memory half as often and keep a GPU busy only where the result is large. `matrix` and `matrix-128`: the same tiles on
 * matrix units, for f16; with `-k32` they stage 32 steps of K at a time instead of 16, which halves the barriers and
 * doubles the workgroup memory.
 */
export type KernelVariant = (typeof KERNEL_VARIANTS)[number];

export const KERNEL_VARIANTS = [
  ...(['lanes', 'tiled', 'tiled-128'] as const),
  ...(['matrix', 'matrix-128', 'matrix-k32', 'matrix-128-k32'] as const),
] as const;

/** The kernels of a convolution: those of a matrix product, and Winograd's for 3×3 of stride 1. */
export type ConvVariant = (typeof CONV_VARIANTS)[number];

export const CONV_VARIANTS = [...KERNEL_VARIANTS, 'winograd'] as const;

/** A product in a kernel's eyes: rows and columns of the result, and how many such products there are. */
export interface ProductExtent {
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
  /** Type of the operands, f32 if not given. */
  readonly dtype?: DType;
  /** Whether operands of f16 can be had in f32 too, for the kernel that takes nothing else. */
  readonly widens?: boolean;
}

/** A convolution as products. */
export interface ConvExtent extends ProductExtent {
  /** Whether it can go Winograd's way, and whether that pays where nobody has measured. */
  readonly winograd?: 'possible' | 'pays';
}

/** What kernels have to compute on: f16 as soon as one operand is. */
export function commonType(operands: readonly TensorSpec[]): DType {
  return operands.some(({ dtype }) => dtype === 'f16') ? 'f16' : 'f32';
}

/** Tiles of 128×128 that keep a large GPU busy: about two for each of its multiprocessors. */
const MANY_TILES = 256;

/**
 * The variant asked for, or measured to be the fastest, or the one that suits the adapter and the product.
 * @throws LimitError if `lanes` is asked of an adapter without subgroups of one size.
 */
export function chooseVariant(
  lowering: Chooser,
  asked: KernelVariant | undefined,
  extent: ProductExtent,
): KernelVariant {
  return choose(lowering, asked, extent, variantsFor);
}

/** The same for a convolution. */
export function chooseConvVariant(lowering: Chooser, asked: ConvVariant | undefined, extent: ConvExtent): ConvVariant {
  return choose(lowering, asked, extent, convVariantsFor);
}

/** What a kernel is chosen by. */
type Chooser = Pick<Lowering, 'adapter' | 'variant'>;

function choose<Variant extends ConvVariant, Extent extends ProductExtent>(
  { adapter, variant }: Chooser,
  asked: Variant | undefined,
  extent: Extent,
  candidates: (adapter: AdapterTraits, extent: Extent) => readonly Variant[],
): Variant {
  if (asked === 'lanes' && !offersLanes(adapter)) {
    throw new LimitError(
      'variant "lanes" needs subgroups of one size up to 16, which this adapter does not offer; use "tiled".',
    );
  }
  if (asked && isMatrix(asked) && !adapter.matrix) {
    throw new LimitError(
      `variant "${asked}" needs matrix units; compile the function with the option matrixUnits, see findMatrixUnits.`,
    );
  }
  if (asked === 'lanes' && extent.dtype === 'f16' && !extent.widens) {
    throw new LimitError('variant "lanes" computes on f32 operands, and here they are f16; use "tiled".');
  }
  const measured = variant as Variant | undefined;
  // What was measured with matrix units holds for programs that have them.
  const usable = measured && (!isMatrix(measured) || adapter.matrix) ? measured : undefined;
  return asked ?? usable ?? candidates(adapter, extent)[0];
}

/** Whether a kernel runs on matrix units. */
export function isMatrix(variant: string): boolean {
  return variant.startsWith('matrix');
}

/** In wider subgroups the tiles of `lanes`, which grow with them, would spill out of the registers. */
const WIDEST_LANES = 16;

/** Whether an adapter can run `lanes`. */
export function offersLanes({ subgroups, subgroupSize }: AdapterTraits): boolean {
  return subgroups && subgroupSize !== undefined && subgroupSize <= WIDEST_LANES;
}

/** The kernels worth trying, the one that suits the adapter and the product best first. */
export function variantsFor(
  adapter: AdapterTraits,
  { rows, columns, batch, dtype = 'f32', widens = false }: ProductExtent,
): readonly KernelVariant[] {
  // Copies in f32 cost a CPU little beside tiles of 64 on few channels, of which most is padding.
  const takesLanes = dtype === 'f32' || (widens && adapter.software);
  const lanes: readonly KernelVariant[] = offersLanes(adapter) && takesLanes ? ['lanes'] : [];
  if (adapter.software && (dtype === 'f32' || !adapter.matrix)) return [...lanes, 'tiled'];
  const largeTiles = Math.ceil(rows / 128) * Math.ceil(columns / 128) * batch;
  const inTiles = (small: KernelVariant, large: KernelVariant): readonly KernelVariant[] => {
    // A driver on CPU cores compiles large ones for minutes.
    if (adapter.software || Math.min(rows, columns) <= 64) return [small];
    return largeTiles >= MANY_TILES ? [large, small] : [small, large];
  };
  const short = adapter.matrix && dtype === 'f16' ? inTiles('matrix', 'matrix-128') : [];
  // Not tried yet on any GPU, so never the default: what a step of 32 costs in occupancy is for the tuner to find out.
  const matrix = [
    ...short,
    ...short.map((name): KernelVariant => (name === 'matrix' ? 'matrix-k32' : 'matrix-128-k32')),
  ];
  return [...matrix, ...inTiles('tiled', 'tiled-128'), ...lanes];
}

/** Invocations in a subgroup of an adapter that can run `lanes`. */
export function subgroupLanes({ subgroupSize }: AdapterTraits): number {
  if (subgroupSize === undefined) throw new LimitError('variant "lanes" needs to know the size of a subgroup.');
  return subgroupSize;
}

/** The same for a convolution. */
export function convVariantsFor(adapter: AdapterTraits, extent: ConvExtent): readonly ConvVariant[] {
  const direct = variantsFor(adapter, extent);
  if (extent.winograd === undefined || extent.dtype === 'f16') return direct;
  return extent.winograd === 'pays' ? ['winograd', ...direct] : [...direct, 'winograd'];
}
