import { ShapeError } from '../../engine/errors.js';
import type { AdapterTraits, Lowering, Value } from '../../engine/operation.js';
import { formatShape, type Shape, sizeOf } from '../../engine/shape.js';
import { type Kernel, kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { type ConvVariant, variantsFor } from '../implicit-gemm/variants.js';
import { lowerProducts } from '../matmul/matmul.js';
import { withNan } from '../nan.js';
import type { ConvGeometry, ImplicitGemm } from './geometry.js';
import inputSource from './winograd.input.wgsl';
import outputSource from './winograd.output.wgsl';
import weightSource from './winograd.weight.wgsl';

// Winograd's F(4×4, 3×3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016). Along an axis,
// four neighbouring results of three taps come of a product of polynomials, which six points determine:
//
//   y = C [(G w Gᵀ) ⊙ (B x Bᵀ)] Cᵀ   for a tile x of 6×6 and a kernel w of 3×3, y of 4×4: 36 products in place of 144.
//
// Summed over channels, the elementwise product becomes 36 products of matrices [tiles, inC] × [inC, outC], and only
// these take time in proportion to inC · outC. Let M(t) be the product of (t − p) over the finite points. To a point p
// belong a column (1, p, p², p³) of C, a row (1, p, p²) / M′(p) of G, and as a row of B the coefficients of M(t) / (t −
// p); to infinity the highest power alone, in C and G, and in B the coefficients of M.
//
// Rounding: the points are 0, ±√½, ±√2 and ∞, because p and 1/p in pairs keep the coefficients near 1. Largest (root
// mean square) error against float64, relative to the largest result, of values uniform in [−1, 1]:
//
//   inC         64               128              256              512
//   direct      7.5e-7 (0.9e-7)  9.1e-7 (1.5e-7)  1.6e-6 (2.1e-7)  2.5e-6 (3.1e-7)
//   Winograd    1.1e-6 (1.8e-7)  2.8e-6 (2.9e-7)  2.4e-6 (4.0e-7)  4.0e-6 (5.6e-7)
//
// With the usual points 0, ±1, ±2 and ∞ it would be three to four times that.
//
// The transforms spread a NaN over the whole of its tile, and make NaN of ∞ − ∞. So a tile of results in which anything
// is not finite is computed again, tap by tap, by the invocation that was to store it: then they are where the direct
// way has them.

/** Points of an axis, results of a tile along an axis, and taps. */
const POINTS = 6;
const TILE = 4;
const TAPS = 3;
export const MATRICES = POINTS * POINTS;

/** Bytes that every WebGPU adapter binds at once. */
const LEAST_BINDING = 2 ** 27;

/** Bytes of transformed tiles at a time: about a thousand workgroups' worth for the products, whatever the channels. */
const SCRATCH = 2 ** 24;

/** The least number of channels: with fewer, the transforms take longer than the products that they save. */
const LEAST_CHANNELS = 32;

/** The least number of tiles: with fewer, the transform of the weight takes longer. */
const LEAST_TILES = 16;

/**
 * Floating-point operations of the direct way below which these kernels stay out of a program that nobody has tuned. A
 * software driver compiles them for two seconds and more, and a call as small as that wins four milliseconds at the
 * most.
 */
const LEAST_FLOPS = 2 ** 28;

/**
 * Whether a convolution or one of its gradients can go this way, and whether that pays. `y` is the shape of the images
 * that tiles are cut from: the result's, or the gradient's that a weight gradient starts from. On a software driver
 * Winograd's took 0.3 to 0.75 of the direct one's time, break-even being where the limits above lie. For little work,
 * and on a GPU, where arithmetic is cheaper than memory, that is for the tuner to say.
 */
export function winogradFit(
  { software }: AdapterTraits,
  y: Shape,
  weight: Shape,
  geometry: ConvGeometry,
): 'possible' | 'pays' | undefined {
  if (Math.min(weight[0], weight[3]) < LEAST_CHANNELS || obstacle(weight, geometry)) return undefined;
  const flops = 2 * sizeOf(y.slice(0, 3)) * sizeOf(weight);
  return software && tilingOf(y).tiles >= LEAST_TILES && flops >= LEAST_FLOPS ? 'pays' : 'possible';
}

/** Throws ShapeError if a convolution is asked to go this way and cannot. */
export function checkWinograd(
  operation: string,
  weight: Shape,
  geometry: ConvGeometry & { variant?: ConvVariant },
): void {
  const reason = geometry.variant === 'winograd' ? obstacle(weight, geometry) : undefined;
  if (reason) throw new ShapeError(`${operation}: variant "winograd" ${reason}; use another variant, or name none.`);
}

/** Why a convolution cannot go this way; undefined where it can. */
function obstacle(weight: Shape, { stride, dilation, groups }: ConvGeometry): string | undefined {
  const [outC, kernelH, kernelW, inC] = weight;
  if (kernelH !== TAPS || kernelW !== TAPS || [...stride, ...dilation, groups].some((extent) => extent !== 1)) {
    return (
      'is for kernels of 3×3 with stride, dilation and groups of 1, and here ' +
      `the kernel is ${kernelH}×${kernelW}, stride ${stride.join('×')}, dilation ${dilation.join('×')}, groups ${groups}`
    );
  }
  const bytes = 4 * MATRICES * outC * inC;
  return bytes > LEAST_BINDING
    ? `takes ${bytes} bytes for the transformed weight ${formatShape(weight)}, more than the ${LEAST_BINDING} that every ` +
        'adapter binds'
    : undefined;
}

interface Tiling {
  readonly tileRows: number;
  readonly tileCols: number;
  readonly tiles: number;
}

/** The tiles of images [N, H, W, C]; those at the bottom and the right may be partial. */
export function tilingOf([batch, height, width]: Shape): Tiling {
  const [tileRows, tileCols] = [Math.ceil(height / TILE), Math.ceil(width / TILE)];
  return { tileRows, tileCols, tiles: batch * tileRows * tileCols };
}

/** Lowers a convolution, as an implicit GEMM has it, to three transforms and the products between them. */
export function lowerWinograd(lowering: Lowering, gemm: ImplicitGemm): void {
  const { x, weight, bias, y, weightFirst } = gemm;
  const label = `${gemm.label}.winograd`;
  const [, outH, outW, outC] = y.shape;
  const inC = x.shape[3];
  const [outer, , , inner] = weight.shape;
  const [vertical] = gemm.vertical;
  const [horizontal] = gemm.horizontal;
  const { tileRows, tileCols, tiles } = tilingOf(y.shape);
  const some = tilesAtATime(lowering, tiles, Math.max(inC, outC));
  const input = lowering.scratch([MATRICES, some, inC]);
  const kernels = lowering.scratch([MATRICES, outer, inner]);
  const products = lowering.scratch([MATRICES, some, outC]);

  const invocations = outer * inner;
  dispatchTransform(
    lowering,
    `${label}.weight`,
    [weight, kernels],
    invocations,
    kernel(weightSource, {
      uniforms: weightUniforms({ invocations, channels: inner, flipped: vertical.tapStep < 0 ? 1 : 0 }),
    }),
  );
  const [startH, startW] = [vertical, horizontal].map(({ inStart, tapStep }) => inStart + Math.min(0, 2 * tapStep));
  for (let firstTile = 0; firstTile < tiles; firstTile += some) {
    const place = { firstTile, tiles, tileRows, tileCols };
    inputTransform(lowering, `${label}.input`, { x, transformed: input, some, place, startH, startW });
    lowerProducts(lowering, {
      label,
      ...{ a: input, b: kernels, c: products },
      transposeA: false,
      transposeB: weightFirst === 'produced',
      variant: variantsFor(lowering.adapter, { rows: some, columns: outC, batch: MATRICES })[0],
    });
    const outputs = some * outC;
    const own = outputUniforms({
      invocations: outputs,
      channels: outC,
      ...place,
      height: outH,
      width: outW,
      hasBias: bias ? 1 : 0,
      depth: inC,
      inHeight: x.shape[1],
      inWidth: x.shape[2],
      startH,
      startW,
      summedFirst: weightFirst === 'summed' ? 1 : 0,
    });
    dispatchTransform(
      lowering,
      `${label}.output`,
      [products, y, bias ?? products, x, weight],
      outputs,
      kernel(withNan(outputSource, 'f32'), { uniforms: own }),
    );
  }
}

/** As many tiles of a turn as bind, all turns alike: those beyond the last tile are made up. */
export function tilesAtATime({ limits }: Lowering, tiles: number, channels: number): number {
  const most = Math.floor(Math.min(limits.maxStorageBufferBindingSize, SCRATCH) / (4 * MATRICES * channels));
  const turns = Math.ceil(tiles / Math.max(1, most));
  return Math.ceil(tiles / turns);
}

/** Which tile a turn begins with, and the number of tiles, their rows and columns in all. */
export interface TilePlace {
  readonly firstTile: number;
  readonly tiles: number;
  readonly tileRows: number;
  readonly tileCols: number;
}

/** Fields that the transforms of tiles share: a dispatch transforms some of all tiles. */
export const placeFields = {
  invocations: 'u32',
  channels: 'u32',
  firstTile: 'u32',
  tiles: 'u32',
  tileRows: 'u32',
  tileCols: 'u32',
  /** Extents of the images that tiles are cut from. */
  height: 'u32',
  width: 'u32',
} as const;

/** `flipped`: taps are read from the last to the first. */
const weightUniforms = uniforms({ invocations: 'u32', channels: 'u32', flipped: 'u32' });

const inputUniforms = uniforms({ ...placeFields, startH: 'i32', startW: 'i32' });

const outputUniforms = uniforms({
  ...placeFields,
  hasBias: 'u32',
  // What the direct way needs: extents of x, and where the first tile's window begins in it.
  depth: 'u32',
  inHeight: 'u32',
  inWidth: 'u32',
  startH: 'i32',
  startW: 'i32',
  /** Whether the weight is [k, 3, 3, c], its taps read from the last to the first, not [c, 3, 3, k]. */
  summedFirst: 'u32',
});

interface InputTransform {
  readonly x: Value;
  readonly transformed: Value;
  /** Tiles of this turn. */
  readonly some: number;
  readonly place: TilePlace;
  /** Row and column of x at which the first tile begins. */
  readonly startH: number;
  readonly startW: number;
}

/** B x Bᵀ of tiles of x. */
export function inputTransform(
  lowering: Lowering,
  label: string,
  { x, transformed, some, place, startH, startW }: InputTransform,
): void {
  const [, height, width, channels] = x.shape;
  const invocations = some * channels;
  dispatchTransform(
    lowering,
    label,
    [x, transformed],
    invocations,
    kernel(inputSource, {
      uniforms: inputUniforms({ invocations, channels, ...place, height, width, startH, startW }),
    }),
  );
}

/** One dispatch over tiles or kernels and their channels. The second of `bindings` is what it writes. */
export function dispatchTransform(
  lowering: Lowering,
  label: string,
  bindings: readonly Value[],
  invocations: number,
  own: Kernel,
): void {
  lowering.dispatch({ label, ...own, bindings, writes: [1], workgroups: linearGrid(invocations) });
}
