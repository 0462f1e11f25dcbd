import type { Tensor } from '../engine/index.js';
import { type CoordinateGrid, expectation2d, peak2d, softmax } from '../kernels/index.js';
import { fromNormalized, toNormalized } from './frame-coordinates.js';

/**
 * How heatmaps become points.
 * - `dsnt`: expectation of the grid under the softmax of the heatmap; for networks trained through it.
 * - `argmax`: the highest cell's own place on the grid. On the pixel-centre grid that is the middle of the pixels it
 *   stands for, index · c + (c − 1)/2 for cells of c pixels: the half-cell correction.
 * - `argmax-biased`: index · c, as the public baseline has it: the first of those pixels, 3.5 px left of and above
 *   their middle where c = 8.
 */
export const DECODINGS = ['dsnt', 'argmax', 'argmax-biased'] as const;
export type Decoding = (typeof DECODINGS)[number];

/** Reads points from heatmaps: what the device can do in the program, and the rest of the way to pixels. */
export class HeatmapReader {
  constructor(
    readonly decoding: Decoding,
    /** The grid that the network was trained on. */
    readonly grid: CoordinateGrid,
  ) {}

  /**
   * @param logits [N, h, w, K].
   * @param probabilities Their spatial softmax, where it is at hand.
   * @returns [N, K, 2], x then y, for {@link toPixel}.
   */
  points(logits: Tensor, probabilities?: Tensor): Tensor {
    if (this.decoding !== 'dsnt') return peak2d(logits);
    return expectation2d(probabilities ?? softmax(logits, { axes: [1, 2] }), { grid: this.grid });
  }

  /**
   * One coordinate of a point in pixels of the frame, whole numbers at pixel centres.
   *
   * @param size Pixels along that axis. @param cells Cells of the heatmap along it.
   */
  toPixel(value: number, size: number, cells: number): number {
    switch (this.decoding) {
      case 'dsnt':
        return fromNormalized(value, size, this.grid);
      case 'argmax':
        return fromNormalized(toNormalized(value, cells, this.grid), size, this.grid);
      case 'argmax-biased':
        return (value * size) / cells;
    }
  }
}
