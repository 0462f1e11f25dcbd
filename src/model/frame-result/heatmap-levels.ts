import type { CoordinateGrid } from '../../kernels/index.js';
import type { FrameTransform, Region } from '../fit-frame.js';
import { fromNormalized, toNormalized } from '../frame-coordinates.js';
import { LANDMARK_NAMES } from '../landmarks.js';
import type { PredictedHeatmaps } from '../predictor.js';

/** Heatmaps to lay over a frame: for each landmark its own map, scaled so that its highest cell is 255. */
export interface HeatmapLevels {
  readonly height: number;
  readonly width: number;
  /** Where the maps lie in the frame. With `pad` they reach beyond it. */
  readonly box: Region;
  /** Landmark by landmark, row-major: 3×height×width. */
  readonly levels: Uint8Array;
}

/** @param network.size Side of the network's frame, pixels */
export function heatmapLevels(
  { height, width, values }: PredictedHeatmaps,
  transform: FrameTransform,
  { size, grid }: { readonly size: number; readonly grid: CoordinateGrid },
): HeatmapLevels {
  const cells = height * width;
  const levels = new Uint8Array(LANDMARK_NAMES.length * cells);
  for (const k of LANDMARK_NAMES.keys()) {
    let highest = 0;
    for (let cell = 0; cell < cells; cell++) highest = Math.max(highest, values[3 * cell + k]);
    if (!(highest > 0)) continue;
    for (let cell = 0; cell < cells; cell++) {
      levels[k * cells + cell] = Math.round((255 * Math.max(0, values[3 * cell + k])) / highest);
    }
  }
  // Cells reach half a step beyond the centres of the outermost ones; pixels likewise.
  const edge = (cell: number, extent: number) => fromNormalized(toNormalized(cell, extent, grid), size, grid);
  const topLeft = transform.toFrame({ x: edge(-0.5, width), y: edge(-0.5, height) });
  const bottomRight = transform.toFrame({ x: edge(width - 0.5, width), y: edge(height - 0.5, height) });
  const box = {
    x: topLeft.x + 0.5,
    y: topLeft.y + 0.5,
    width: bottomRight.x - topLeft.x,
    height: bottomRight.y - topLeft.y,
  };
  return { height, width, box, levels };
}
