import type { CoordinateGrid } from '../kernels/index.js';
import type { HeatmapReader } from './decoding.js';
import { fromNormalized, toNormalized } from './frame-coordinates.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from './landmarks.js';

/** Landmarks of a size×size frame as the network's targets: x, y of PS1, PS2, FH1, each from −1 to 1. */
export function toCoordinates(landmarks: Landmarks, size: number, grid: CoordinateGrid): number[] {
  return LANDMARK_NAMES.flatMap((name) => [
    toNormalized(landmarks[name].x, size, grid),
    toNormalized(landmarks[name].y, size, grid),
  ]);
}

/** The reverse: six of the network's coordinates from `at` on as landmarks in pixels of a size×size frame. */
export function fromCoordinates(values: ArrayLike<number>, at: number, size: number, grid: CoordinateGrid): Landmarks {
  const inPixels = (value: number) => fromNormalized(value, size, grid);
  return mapLandmarks(landmarksAt(values, at), ({ x, y }) => ({ x: inPixels(x), y: inPixels(y) }));
}

/**
 * Six values that a reader has read from heatmaps of `cells` as landmarks in pixels of a size×size frame.
 *
 * @param at Where they begin.
 */
export function decodedLandmarks(
  reader: HeatmapReader,
  values: ArrayLike<number>,
  at: number,
  size: number,
  [rows, columns]: readonly [height: number, width: number],
): Landmarks {
  return mapLandmarks(landmarksAt(values, at), ({ x, y }) => ({
    x: reader.toPixel(x, size, columns),
    y: reader.toPixel(y, size, rows),
  }));
}

/** Six values from `at` on, x, y of PS1, PS2, FH1, as landmarks. */
export function landmarksAt(values: ArrayLike<number>, at: number): Landmarks {
  const point = (k: number): Point => ({ x: values[at + 2 * k], y: values[at + 2 * k + 1] });
  return { ps1: point(0), ps2: point(1), fh1: point(2) };
}

/** Side of the frame in whose pixels all scores and predicted errors are given. */
const FRAME = 512;

/**
 * Landmarks of a square frame of `frameSize` px in pixels of a 512 px frame. Whole numbers are pixel centres, so the
 * frame reaches from −0.5 to size − 0.5, and x becomes (x + 0.5) · 512 / size − 0.5.
 */
export function scaleTo512(landmarks: Landmarks, frameSize: number): Landmarks {
  const scale = (value: number) => ((value + 0.5) * FRAME) / frameSize - 0.5;
  return mapLandmarks(landmarks, ({ x, y }) => ({ x: scale(x), y: scale(y) }));
}

/** Landmarks moved by a map of points. */
export function mapLandmarks(landmarks: Landmarks, map: (point: Point) => Point): Landmarks {
  return { ps1: map(landmarks.ps1), ps2: map(landmarks.ps2), fh1: map(landmarks.fh1) };
}
