import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { type CoordinateGrid, coordinateGrid, gridDivisors } from '../expectation2d/coordinate-grid.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import heatmapKernel from './heatmap.wgsl';
import profilesKernel from './profiles.wgsl';

export interface GaussianHeatmapOptions {
  /** Height and width of a map, in cells. */
  readonly size: readonly [height: number, width: number];
  /** Standard deviation in cells, along both axes or along [height, width]. A cell is 2 / (cells of the axis) wide. */
  readonly sigma: number | readonly [height: number, width: number];
  /** Which coordinates the cells have. */
  readonly grid: CoordinateGrid;
  /** Whether each map sums to 1; otherwise its peak is 1. */
  readonly normalized?: boolean;
}

/** Gaussian heatmaps and what is known of them in closed form. */
export interface GaussianTarget {
  /** H, [N, H, W, K]. */
  readonly heatmap: Tensor;
  /** Σ H·ln H of each map, [N, K]. */
  readonly negativeEntropy: Tensor;
  /**
   * The least value of KL(H ‖ p) = Σ H·ln(H/p) over all p that sum to 1: S·ln S with S = ΣH, [N, K]; 0 if normalized.
   */
  readonly leastDivergence: Tensor;
}

interface Attributes {
  readonly size: readonly [number, number];
  readonly sigma: readonly [number, number];
  readonly grid: CoordinateGrid;
  readonly normalized: boolean;
}

const heatmapOptions: OptionKinds<GaussianHeatmapOptions> = {
  size: kinds.two(kinds.whole(1)),
  sigma: kinds.pair(kinds.positive),
  grid: coordinateGrid,
  normalized: kinds.optional(kinds.flag),
};
const gaussianHeatmapTakes = signature('gaussianHeatmap', { points: kinds.tensor }, heatmapOptions);
const gaussianTargetTakes = signature('gaussianTarget', { points: kinds.tensor }, heatmapOptions);

/**
 * One Gaussian per point, exp(−d²/2σ²) with d the distance in cells (that is, d_x = Δx · W/2 for a distance Δx in
 * normalized coordinates). On the pixel-centre grid a cell is the step of the grid; on the linspace grid the step is
 * W/(W − 1) cells, which is the paper's reading: a standard deviation of σ/W of a frame whose first and last sample lie
 * on its edges.
 *
 * The points get no gradient: heatmaps are targets.
 *
 * @param points [N, K, 2]: x, then y, in normalized coordinates (−1 to 1) of the chosen grid.
 * @returns [N, H, W, K].
 * @throws ShapeError if the points are not [N, K, 2], the size or sigma is not positive, or a linspace axis is one cell
 *   long.
 */
export function gaussianHeatmap(points: Tensor, options: GaussianHeatmapOptions): Tensor {
  gaussianHeatmapTakes(arguments);
  return gaussianTarget(points, options).heatmap;
}

/** {@link gaussianHeatmap} with the entropy of each map and its least divergence from a distribution. */
export function gaussianTarget(points: Tensor, options: GaussianHeatmapOptions): GaussianTarget {
  gaussianTargetTakes(arguments);
  const { size, sigma, grid, normalized = false } = options;
  const [heatmap, negativeEntropy, leastDivergence] = record(heatmapOperation, [points], {
    size,
    sigma: typeof sigma === 'number' ? [sigma, sigma] : sigma,
    grid,
    normalized,
  });
  return { heatmap, negativeEntropy, leastDivergence };
}

const profilesUniforms = uniforms({
  points: 'u32',
  channels: 'u32',
  height: 'u32',
  width: 'u32',
  y_divisor: 'f32',
  x_divisor: 'f32',
  y_sigma: 'f32',
  x_sigma: 'f32',
});
const heatmapUniforms = uniforms({ size: 'u32', channels: 'u32', height: 'u32', width: 'u32' });

const heatmapOperation: Operation<Attributes> = {
  name: 'gaussianHeatmap',
  operands: { points: F32 },

  shape([{ shape, dtype }], { size, grid }) {
    if (shape.length !== 3 || shape[2] !== 2) {
      throw new ShapeError(`gaussianHeatmap: points are ${formatShape(shape)}; they must be [N, K, 2].`);
    }
    gridDivisors('gaussianHeatmap', grid, size);
    const [images, channels] = shape;
    const perPoint = { shape: [images, channels], dtype };
    return [{ shape: [images, ...size, channels], dtype }, perPoint, perPoint];
  },

  lower(lowering, [points], [heatmap, negativeEntropy, leastDivergence], { size, sigma, grid, normalized }) {
    const [images, channels] = points.shape;
    const [height, width] = size;
    const profiles = lowering.scratch([images, height + width, channels]);
    const [y_divisor, x_divisor] = gridDivisors('gaussianHeatmap', grid, size);
    const [y_sigma, x_sigma] = sigma;
    const axes = { y_divisor, x_divisor, y_sigma, x_sigma };
    lowering.dispatch({
      label: 'gaussianHeatmap.profiles',
      ...kernel(withNan(profilesKernel, 'f32'), {
        constants: { NORMALIZED: normalized },
        uniforms: profilesUniforms({ points: images * channels, channels, height, width, ...axes }),
      }),
      bindings: [points, profiles, negativeEntropy, leastDivergence],
      writes: [1, 2, 3],
      workgroups: linearGrid(images * channels),
      flops: 12 * sizeOf(profiles.shape),
    });
    lowering.dispatch({
      label: 'gaussianHeatmap',
      ...kernel(heatmapKernel, { uniforms: heatmapUniforms({ size: sizeOf(heatmap.shape), channels, height, width }) }),
      bindings: [profiles, heatmap],
      writes: [1],
      workgroups: linearGrid(sizeOf(heatmap.shape)),
      flops: sizeOf(heatmap.shape),
    });
  },
};
