import type { Point } from './landmarks.js';

/** A greyscale image, however it was read. */
export interface GreyFrame {
  readonly width: number;
  readonly height: number;
  /** Luminance in [0, 1], row-major, height×width. */
  readonly pixels: Float32Array;
}

/**
 * The exact map between a frame's pixels and a network's. Uniform scale, so that angles survive; half-pixel convention:
 * x′ = (x + ½)·scale − ½ − offset.x, likewise y.
 */
export class FrameTransform {
  constructor(
    /** Network pixels per frame pixel. */
    readonly scale: number,
    /** Where the network's square begins in the scaled frame, in whole network pixels; negative with padding. */
    readonly offset: Point,
  ) {}

  /** A point of the frame in pixels of the network's square. */
  toNetwork(point: Point): { x: number; y: number } {
    return {
      x: (point.x + 0.5) * this.scale - 0.5 - this.offset.x,
      y: (point.y + 0.5) * this.scale - 0.5 - this.offset.y,
    };
  }

  /** A point of the network's square in pixels of the frame. */
  toFrame(point: Point): { x: number; y: number } {
    return {
      x: (point.x + 0.5 + this.offset.x) / this.scale - 0.5,
      y: (point.y + 0.5 + this.offset.y) / this.scale - 0.5,
    };
  }
}

/** What becomes of a frame that is not square: `crop` loses its longer sides (the paper), `pad` adds black. */
export type Fit = 'crop' | 'pad';

export interface FittedFrame {
  /** Luminance in [0, 1], size×size, row-major. */
  readonly pixels: Float32Array;
  readonly transform: FrameTransform;
}

/**
 * The paper's preprocessing: a proportional bilinear resize that makes the shorter side `size` (with `pad`, the longer
 * side), then the central size×size square.
 *
 * When reducing, the triangle filter is widened by the reduction factor (antialiasing, as Pillow's and
 * `torch.nn.functional.interpolate(antialias=True)` do): plain bilinear would read 4 of many pixels and turn speckle into
 * noise. Crop and resize are one resampling: the scale is exactly size / side on both axes, where rounding the scaled
 * width first would stretch the frame by up to half a pixel.
 */
export function fitFrame(frame: GreyFrame, size: number, options: { fit?: Fit } = {}): FittedFrame {
  const { width, height } = frame;
  const transform = fitTransform(frame, size, options);
  const { scale, offset } = transform;
  const columns = triangleTaps(width, size, scale, offset.x);
  const rows = triangleTaps(height, size, scale, offset.y);
  // Along rows first, for those rows of the frame that the second pass reads.
  const narrow = new Float32Array(height * size);
  for (let y = rows.first; y < rows.end; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      const start = columns.start[x];
      for (let k = 0; k < columns.count[x]; k++) {
        sum += columns.weights[x * columns.width + k] * frame.pixels[y * width + start + k];
      }
      narrow[y * size + x] = sum;
    }
  }
  const pixels = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let k = 0; k < rows.count[y]; k++) {
      const weight = rows.weights[y * rows.width + k];
      const from = (rows.start[y] + k) * size;
      for (let x = 0; x < size; x++) pixels[y * size + x] += weight * narrow[from + x];
    }
  }
  return { pixels, transform };
}

/** Where {@link fitFrame} puts the pixels of a width×height frame. */
export function fitTransform(
  { width, height }: { readonly width: number; readonly height: number },
  size: number,
  options: { fit?: Fit } = {},
): FrameTransform {
  const side = options.fit === 'pad' ? Math.max(width, height) : Math.min(width, height);
  // In whole numbers: 49·(512/49) is a little less than 512, and its floor would be a pixel away.
  const offset = (extent: number) => Math.floor((size * (extent - side)) / (2 * side));
  return new FrameTransform(size / side, { x: offset(width), y: offset(height) });
}

interface Taps {
  /** Per output position: the first input position and how many, with weights in rows of `width`. */
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
  readonly width: number;
  /** The range of input positions that any output reads. */
  readonly first: number;
  readonly end: number;
}

/** Weights of the triangle filter for one axis. Outputs whose centre lies beyond the input read nothing (padding). */
function triangleTaps(extent: number, size: number, scale: number, offset: number): Taps {
  const support = Math.max(1, 1 / scale);
  const width = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Float64Array(size * width);
  let first = extent;
  let end = 0;
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5 + offset) / scale - 0.5;
    if (centre < -0.5 || centre >= extent - 0.5) continue;
    // Cut off at the borders and normalised, so that edges keep their brightness.
    const low = Math.max(0, Math.ceil(centre - support));
    const high = Math.min(extent - 1, Math.floor(centre + support));
    let sum = 0;
    for (let j = low; j <= high; j++) sum += weights[i * width + j - low] = 1 - Math.abs(j - centre) / support;
    for (let k = 0; k <= high - low; k++) weights[i * width + k] /= sum;
    start[i] = low;
    count[i] = high - low + 1;
    first = Math.min(first, low);
    end = Math.max(end, high + 1);
  }
  return { start, count, weights, width, first, end };
}
