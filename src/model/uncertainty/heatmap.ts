import type { CoordinateGrid } from '../../kernels/index.js';
import type { Landmarks, Point } from '../landmarks.js';
import { type Covariance, scaleCovariance } from './covariance.js';

/** The uncertainty of a landmark, read from its heatmap. */
export interface HeatmapUncertainty {
  /** Second moments about the predicted point, in the square of the unit of `cellSize`. */
  readonly covariance: Covariance;
  /** Shannon entropy of the heatmap, nats: 0 where all of it is in one cell, ln(cells) where it is uniform. */
  readonly entropy: number;
  /** Share of the heatmap, 0 to 1, in the highest cell and its eight neighbours. */
  readonly peakMass: number;
  /**
   * Disagreement of an ensemble's members, absent for a single network, in the unit of `cellSize`; see `disagreement`.
   */
  readonly disagreement?: number;
}

/** The uncertainties of a frame's three heatmaps, covariances in px² of a 512 px frame. */
export type HeatmapUncertainties = Readonly<Record<keyof Landmarks, HeatmapUncertainty>>;

export interface HeatmapLayout {
  readonly height: number;
  readonly width: number;
  /** Heatmaps interleaved in the values, and which of them is meant. One if absent. */
  readonly channels?: number;
  readonly channel?: number;
  /** Side of a cell in the unit of the result; see `heatmapCellSize`. */
  readonly cellSize: number;
  /** The predicted point in cells (whole numbers at cell centres) where it is not the heatmap's mean. */
  readonly point?: Point;
  /**
   * `probabilities` (default) are not negative and sum to 1, as a spatial softmax makes them. `scores` have been
   * trained towards Gaussians by mean squared error; see `heatmapUncertainty`.
   */
  readonly values?: 'probabilities' | 'scores';
}

/** Part of the highest score below which a cell counts as background. */
const BACKGROUND = 0.1;

/** Variance of a uniform distribution over a cell of side 1. */
const WITHIN_CELL = 1 / 12;

/**
 * Moments, entropy and concentration of a heatmap.
 *
 * The position within a cell is taken as uniform, which adds 1/12 cell² to both variances: a heatmap whose mass is all
 * in one cell is as sure as its resolution allows, not infinitely so.
 *
 * Scores are no probabilities, but the map with the least mean squared error against Gaussians is the distribution of
 * the landmark blurred by that Gaussian, up to a factor; so they are normalized. A network leaves small values all over
 * the background, which would outweigh the peak by their number: scores up to a tenth of the highest are taken as zero.
 * A heatmap without a positive score says nothing, and is taken as uniform.
 *
 * @param values Row-major, channels last
 */
export function heatmapUncertainty(values: ArrayLike<number>, layout: HeatmapLayout): HeatmapUncertainty {
  const mass = massOf(values, layout);
  const { height, width, cellSize } = layout;
  let entropy = 0;
  let highest = 0;
  const mean = { x: 0, y: 0 };
  for (let row = 0, cell = 0; row < height; row++) {
    for (let column = 0; column < width; column++, cell++) {
      const share = mass[cell];
      if (share > 0) entropy -= share * Math.log(share);
      if (share > mass[highest]) highest = cell;
      mean.x += share * column;
      mean.y += share * row;
    }
  }
  const centre = layout.point ?? mean;
  let [xx, xy, yy] = [WITHIN_CELL, 0, WITHIN_CELL];
  let peakMass = 0;
  const peak = { column: highest % width, row: Math.floor(highest / width) };
  for (let row = 0, cell = 0; row < height; row++) {
    for (let column = 0; column < width; column++, cell++) {
      const share = mass[cell];
      const [x, y] = [column - centre.x, row - centre.y];
      xx += share * x * x;
      xy += share * x * y;
      yy += share * y * y;
      if (Math.abs(column - peak.column) <= 1 && Math.abs(row - peak.row) <= 1) peakMass += share;
    }
  }
  return {
    covariance: scaleCovariance({ xx, xy, yy }, cellSize),
    entropy: Math.max(0, entropy),
    peakMass: Math.min(1, peakMass),
  };
}

/** The shares of the cells, which sum to 1. */
function massOf(values: ArrayLike<number>, layout: HeatmapLayout): Float64Array {
  const { height, width, channels = 1, channel = 0 } = layout;
  const cells = height * width;
  const mass = Float64Array.from({ length: cells }, (_, cell) => Math.max(0, values[cell * channels + channel]));
  if (layout.values === 'scores') {
    const background = BACKGROUND * mass.reduce((most, value) => Math.max(most, value), 0);
    for (let cell = 0; cell < cells; cell++) if (mass[cell] <= background) mass[cell] = 0;
  }
  const sum = mass.reduce((total, value) => total + value, 0);
  if (!(sum > 0)) return mass.fill(1 / cells);
  return mass.map((value) => value / sum);
}

/**
 * Side of a heatmap's cell in pixels of a 512 px frame.
 *
 * @param cells Cells of the heatmap along an axis
 * @param size Pixels of the network's frame along it
 * @param grid `linspace` spans from the centre of the first pixel to that of the last, `pixel-centre` the whole frame.
 */
export function heatmapCellSize(cells: number, size: number, grid: CoordinateGrid): number {
  if (grid === 'pixel-centre' || cells === 1) return 512 / cells;
  return (((size - 1) / (cells - 1)) * 512) / size;
}
