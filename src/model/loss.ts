import { ShapeError, type Tensor } from '../engine/index.js';
import * as kinds from '../engine/kinds.js';
import { formatShape } from '../engine/shape.js';
import { signature } from '../engine/signature.js';
import { coordinateGrid } from '../kernels/expectation2d/coordinate-grid.js';
import {
  add,
  type CoordinateGrid,
  expectation2d,
  gaussianHeatmap,
  gaussianTarget,
  log,
  logSoftmax,
  mean,
  mul,
  softmax,
  square,
  sub,
  sum,
} from '../kernels/index.js';

export interface KeypointLossOptions {
  /** Standard deviation of the target Gaussians in heatmap cells, along both axes or along [height, width]. */
  readonly sigma: number | readonly [height: number, width: number];
  /** Weight λ of the regularizer. */
  readonly lambda: number;
  /** Coordinates of the heatmap's cells; predictions and targets are in them. */
  readonly grid: CoordinateGrid;
  /**
   * The reduction of the regularizer after the sum over the cells of each heatmap: `sum-per-image` sums over the points
   * and averages over the images (the reading of the paper that fits its loss curves), `mean` averages over both (the
   * formula as printed).
   */
  readonly reduction: 'sum-per-image' | 'mean';
  /**
   * Divergence of the predicted distribution from the target: Kullback–Leibler or (normalized targets only)
   * Jensen–Shannon.
   */
  readonly divergence: 'kl' | 'js';
  /** Whether the target heatmaps sum to 1 (as in dsntnn) instead of having a peak of 1 (as in the paper). */
  readonly normalized: boolean;
}

/** The source paper's loss, with the λ and σ (in cells of a 64×64 heatmap) that its search found. */
export const paperKeypointLoss: KeypointLossOptions = {
  sigma: 2.3022166650613793,
  lambda: 3.732135829310275,
  grid: 'linspace',
  reduction: 'sum-per-image',
  divergence: 'kl',
  normalized: false,
};

/** All scalars but the coordinates. A type, not an interface, so that a compiled function may return it. */
export type KeypointLoss = {
  /** euclidean + λ·regularizer: what is minimized. */
  readonly total: Tensor;
  /** Mean over images and points of the squared distance, in normalized coordinates. */
  readonly euclidean: Tensor;
  /** The divergence of the heatmaps, before λ. */
  readonly regularizer: Tensor;
  /**
   * The least that λ·regularizer can be for these targets: λ·Σ S·ln S reduced alike, S = ΣH; 0 for normalized targets.
   */
  readonly floor: Tensor;
  /** total − floor: comparable between batches, and zero for a perfect prediction. */
  readonly excess: Tensor;
  /** Predicted (x, y) in normalized coordinates, [N, K, 2]. */
  readonly coordinates: Tensor;
};

const sigmaOption = kinds.optional(kinds.pair(kinds.positive));
const gridOption = kinds.optional(coordinateGrid);
const keypointLossTakes = signature<Partial<KeypointLossOptions>>(
  'keypointLoss',
  { logits: kinds.tensor, targets: kinds.tensor },
  {
    sigma: sigmaOption,
    lambda: kinds.optional(kinds.atLeastZero),
    grid: gridOption,
    reduction: kinds.optional(kinds.oneOf('sum-per-image', 'mean')),
    divergence: kinds.optional(kinds.oneOf('kl', 'js')),
    normalized: kinds.optional(kinds.flag),
  },
);
const heatmapLossTakes = signature<{ sigma?: number; grid?: CoordinateGrid }>(
  'heatmapLoss',
  { heatmaps: kinds.tensor, targets: kinds.tensor },
  { sigma: sigmaOption, grid: gridOption },
);

/**
 * The loss of DSNT-DeepUNet, ℓ = ℓ_euc + λ·ℓ_reg: the squared distance between the expected coordinates of the
 * predicted heatmaps p = softmax(logits) and the targets, and the divergence of those heatmaps from Gaussians around
 * the targets.
 *
 * With H = exp(−d²/2σ²), peak 1 and not normalized, the regularizer KL(H ‖ p) = Σ H·ln H − Σ H·ln p has the floor S·ln
 * S, S = ΣH, which no prediction can go below; `excess` is what is left to learn.
 *
 * @param logits [N, H, W, K], before the spatial softmax.
 * @param targets [N, K, 2]: x, then y, in normalized coordinates (−1 to 1) of the grid.
 * @throws ShapeError if logits and targets do not belong together, or for the Jensen–Shannon divergence from targets
 * that do not sum to 1.
 */
export function keypointLoss(
  logits: Tensor,
  targets: Tensor,
  options: Partial<KeypointLossOptions> = {},
): KeypointLoss {
  keypointLossTakes(arguments);
  const { sigma, lambda, grid, reduction, divergence, normalized } = { ...paperKeypointLoss, ...options };
  checkShapes('keypointLoss', logits, targets);
  if (divergence === 'js' && !normalized) {
    throw new ShapeError(
      "keypointLoss: the Jensen–Shannon divergence compares distributions; set normalized: true, or divergence: 'kl'.",
    );
  }
  const [images, height, width, points] = logits.shape;
  const share = 1 / (reduction === 'mean' ? images * points : images);
  const probabilities = softmax(logits, { axes: [1, 2] });
  const coordinates = expectation2d(probabilities, { grid });
  const { heatmap, negativeEntropy, leastDivergence } = gaussianTarget(targets, {
    size: [height, width],
    sigma,
    grid,
    normalized,
  });

  const euclidean = mul(sum(square(sub(coordinates, targets))), 1 / (images * points));
  const regularizer =
    divergence === 'js'
      ? mul(jensenShannon(heatmap, probabilities), share)
      : mul(sub(sum(negativeEntropy), sum(mul(heatmap, logSoftmax(logits, { axes: [1, 2] })))), share);
  const total = add(euclidean, mul(regularizer, lambda));
  const floor = mul(sum(leastDivergence), lambda * share);
  return { total, euclidean, regularizer, floor, excess: sub(total, floor), coordinates };
}

/**
 * The loss of the heatmap baselines: mean squared difference between the predicted heatmaps and Gaussians of peak 1.
 *
 * @param heatmaps [N, H, W, K].
 * @param targets [N, K, 2]: x, then y, in normalized coordinates (−1 to 1) of the grid.
 * @param options.sigma Standard deviation in heatmap cells.
 * @throws ShapeError if heatmaps and targets do not belong together.
 */
export function heatmapLoss(
  heatmaps: Tensor,
  targets: Tensor,
  options: { readonly sigma?: number; readonly grid?: CoordinateGrid } = {},
): Tensor {
  heatmapLossTakes(arguments);
  const { sigma = 2, grid = 'linspace' } = options;
  checkShapes('heatmapLoss', heatmaps, targets);
  const [, height, width] = heatmaps.shape;
  return mean(square(sub(heatmaps, gaussianHeatmap(targets, { size: [height, width], sigma, grid }))));
}

/** Keeps the logarithm of an empty cell finite; far below the smallest value that matters. */
const TINY = 1e-24;

/** Σ of JS(p, q) = ½·KL(p ‖ m) + ½·KL(q ‖ m), m = (p + q)/2, over all maps. */
function jensenShannon(p: Tensor, q: Tensor): Tensor {
  const logMiddle = log(add(mul(add(p, q), 0.5), TINY));
  const divergence = (a: Tensor): Tensor => sum(mul(a, sub(log(add(a, TINY)), logMiddle)));
  return mul(add(divergence(p), divergence(q)), 0.5);
}

function checkShapes(name: string, maps: Tensor, targets: Tensor): void {
  const [images, , , points] = maps.shape;
  const expected = [images, points, 2];
  if (maps.shape.length !== 4 || targets.shape.length !== 3 || targets.shape.some((e, axis) => e !== expected[axis])) {
    throw new ShapeError(
      `${name}: heatmaps are [N, H, W, K] and targets [N, K, 2]; got ${formatShape(maps.shape)} and ` +
        `${formatShape(targets.shape)}.`,
    );
  }
}
