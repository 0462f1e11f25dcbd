import type { Lowering } from '../../engine/operation.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { variantsFor } from '../implicit-gemm/variants.js';
import { lowerProducts } from '../matmul/matmul.js';
import { withNan } from '../nan.js';
import type { WeightGradient } from './weight-gradient.js';
import cotangentSource from './winograd.cotangent.wgsl';
import { dispatchTransform, inputTransform, MATRICES, placeFields, tilesAtATime, tilingOf } from './winograd.js';
import tapsSource from './winograd.taps.wgsl';

// The gradient of a 3×3 convolution by its weight is itself a convolution whose kernel is large and whose result is
// small: from each tile gy of 4×4 and the x of 6×6 that it came from, 3×3 taps. That is F(3×3, 4×4), with the points,
// and so the transform B of x, of winograd.ts:
//
//   gw = C [Σ over tiles (H gy Hᵀ) ⊙ (B x Bᵀ)] Cᵀ   C with columns (1, p, p²), H with rows (1, p, p², p³) / M′(p)
//
// and infinity as there. The sum comes before the last dispatchTransform, so that the elementwise products become 36
// products of matrices [outC, tiles] × [tiles, inC]. Where a product is not finite, its taps are summed again, position
// by position (winograd.ts).
//
// Rounding: largest (root mean square) error against float64, relative to the largest result, of values uniform in [−1,
// 1]:
//
//   positions   16²              32²              64²              128²
//   direct      2.0e-7 (0.4e-7)  4.4e-7 (0.8e-7)  8.6e-7 (1.4e-7)  2.5e-6 (3.1e-7)
//   Winograd    6.9e-7 (1.3e-7)  1.5e-6 (2.2e-7)  2.1e-6 (3.8e-7)  3.7e-6 (7.9e-7)

const cotangentUniforms = uniforms(placeFields);

const tapsUniforms = uniforms({
  invocations: 'u32',
  channels: 'u32',
  /** Whether gw holds the sum over earlier tiles, and whether no tiles follow. */
  accumulate: 'u32',
  last: 'u32',
  // What the direct way needs: gy is [images, height, width, outputs]; extents of x, and where the first window begins
  // in it.
  images: 'u32',
  height: 'u32',
  width: 'u32',
  outputs: 'u32',
  inHeight: 'u32',
  inWidth: 'u32',
  startH: 'i32',
  startW: 'i32',
});

/** Lowers a weight gradient to two transforms, the products between them, and a third. */
export function lowerWinogradWeightGradient(
  lowering: Lowering,
  { label: name, x, gy, gw, geometry: { padding } }: Omit<WeightGradient, 'variant'>,
): void {
  const label = `${name}.winograd`;
  const [images, outH, outW, outC] = gy.shape;
  const inC = x.shape[3];
  const { tileRows, tileCols, tiles } = tilingOf(gy.shape);
  const some = tilesAtATime(lowering, tiles, Math.max(inC, outC));
  const input = lowering.scratch([MATRICES, some, inC]);
  const cotangent = lowering.scratch([MATRICES, some, outC]);
  const products = lowering.scratch([MATRICES, outC, inC]);
  for (let firstTile = 0; firstTile < tiles; firstTile += some) {
    const place = { firstTile, tiles, tileRows, tileCols };
    const [startH, startW] = padding.map((own) => -own);
    inputTransform(lowering, `${label}.input`, { x, transformed: input, some, place, startH, startW });
    const cotangents = some * outC;
    const ofCotangent = { invocations: cotangents, channels: outC, ...place, height: outH, width: outW };
    dispatchTransform(
      lowering,
      `${label}.cotangent`,
      [gy, cotangent],
      cotangents,
      kernel(cotangentSource, { uniforms: cotangentUniforms(ofCotangent) }),
    );
    lowerProducts(lowering, {
      label,
      ...{ a: cotangent, b: input, c: products },
      transposeA: true,
      transposeB: false,
      variant: variantsFor(lowering.adapter, { rows: outC, columns: inC, batch: MATRICES })[0],
    });
    const own = tapsUniforms({
      invocations: outC * inC,
      channels: inC,
      accumulate: firstTile === 0 ? 0 : 1,
      last: firstTile + some >= tiles ? 1 : 0,
      images,
      height: outH,
      width: outW,
      outputs: outC,
      inHeight: x.shape[1],
      inWidth: x.shape[2],
      startH,
      startW,
    });
    dispatchTransform(
      lowering,
      `${label}.taps`,
      [products, gw, x, gy],
      outC * inC,
      kernel(withNan(tapsSource, 'f32'), { uniforms: own }),
    );
  }
}
