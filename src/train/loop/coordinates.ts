import type { CoordinateGrid } from '../../kernels/index.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';

// Pixels are whole at pixel centres. The linspace grid puts −1 and 1 at the centres of the first and last pixel
// (PAPER: pixel p/(W−1)); the pixel-centre grid puts them at the frame's edges (dsntnn).

function normalize(pixel: number, size: number, grid: CoordinateGrid): number {
  return grid === 'linspace' ? (2 * pixel) / (size - 1) - 1 : (2 * pixel + 1) / size - 1;
}

function denormalize(value: number, size: number, grid: CoordinateGrid): number {
  return grid === 'linspace' ? ((value + 1) / 2) * (size - 1) : ((value + 1) * size - 1) / 2;
}

/** Landmarks of a size×size frame as the network's targets: x, y of PS1, PS2, FH1, each from −1 to 1. */
export function toCoordinates(landmarks: Landmarks, size: number, grid: CoordinateGrid): number[] {
  return LANDMARK_NAMES.flatMap((name) => [
    normalize(landmarks[name].x, size, grid),
    normalize(landmarks[name].y, size, grid),
  ]);
}

/** The reverse: six of the network's coordinates from `at` on as landmarks in pixels of a size×size frame. */
export function fromCoordinates(values: ArrayLike<number>, at: number, size: number, grid: CoordinateGrid): Landmarks {
  const point = (k: number): Point => ({
    x: denormalize(values[at + 2 * k], size, grid),
    y: denormalize(values[at + 2 * k + 1], size, grid),
  });
  return { ps1: point(0), ps2: point(1), fh1: point(2) };
}

/** Landmarks moved by a map of points. */
export function mapLandmarks(landmarks: Landmarks, map: (point: Point) => Point): Landmarks {
  return { ps1: map(landmarks.ps1), ps2: map(landmarks.ps2), fh1: map(landmarks.fh1) };
}
