import { type Geometry, REFERENCE_SIZE } from './geometry.js';

/** Scan lines × depth samples. Fields over it are stored by depth: index = sample·lines + line. */
export interface PolarGrid {
  readonly lines: number;
  readonly samples: number;
  /** Depth between samples, mm; the first lies on the probe's surface. */
  readonly step: number;
  /** Angle of each line from straight down, radians; from left to right. */
  readonly angles: Float64Array;
}

/**
 * A grid fine enough for a frame of `size`: up to 512 pixels the depth step is three quarters of a pixel and the lines
 * thin out with the pixels, so that a small frame has coarser speckle instead of a grey average of it, and costs less.
 */
export function polarGrid({ sector, millimetresPerPixel }: Geometry, size: number): PolarGrid {
  const pixel = millimetresPerPixel * Math.max(1, REFERENCE_SIZE / size);
  const step = 0.75 * pixel;
  const samples = Math.ceil((sector.far - sector.near) / step) + 1;
  const lines = Math.round(40 + 152 * Math.min(1, size / REFERENCE_SIZE));
  const angles = Float64Array.from({ length: lines }, (_, i) => sector.halfAngle * ((2 * i) / (lines - 1) - 1));
  return { lines, samples, step, angles };
}
