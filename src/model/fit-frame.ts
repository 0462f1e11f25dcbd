import type { Point } from './landmarks.js';

/** A rectangle in an image, in pixels from its upper left corner. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The size of an image, and the part of it that counts. */
export interface FrameExtent {
  readonly width: number;
  readonly height: number;
  /**
   * The part that shows tissue, in whole pixels, where the file says and it is not the whole: nothing else reaches the
   * network.
   */
  readonly region?: Region | undefined;
}

/** A greyscale image, however it was read. */
export interface GreyFrame extends FrameExtent {
  /** Luminance in [0, 1], row-major, height×width. */
  readonly pixels: Float32Array;
}

/**
 * The exact map between a frame's pixels and a network's. Uniform scale, so that angles survive; half-pixel convention:
 * x′ = (x − origin.x + ½)·scale − ½ − offset.x, likewise y.
 */
export class FrameTransform {
  constructor(
    /** Network pixels per frame pixel. */
    readonly scale: number,
    /** The corner of the network's square in the scaled frame, in whole network pixels; negative with padding. */
    readonly offset: Point,
    /** Upper left corner of the frame's region, in whole pixels of the frame. */
    readonly origin: Point = { x: 0, y: 0 },
  ) {}

  /** A point of the frame in pixels of the network's square. */
  toNetwork(point: Point): { x: number; y: number } {
    return {
      x: (point.x - this.origin.x + 0.5) * this.scale - 0.5 - this.offset.x,
      y: (point.y - this.origin.y + 0.5) * this.scale - 0.5 - this.offset.y,
    };
  }

  /** A point of the network's square in pixels of the frame. */
  toFrame(point: Point): { x: number; y: number } {
    return {
      x: (point.x + 0.5 + this.offset.x) / this.scale - 0.5 + this.origin.x,
      y: (point.y + 0.5 + this.offset.y) / this.scale - 0.5 + this.origin.y,
    };
  }
}

/**
 * The treatment of a frame that is not square: `crop` keeps the central square and loses the rest (the paper), `pad`
 * keeps all of it between black bars (letterbox).
 */
export const FITS = ['crop', 'pad'] as const;
export type Fit = (typeof FITS)[number];

export interface FittedFrame {
  /** Luminance in [0, 1], size×size, row-major. */
  readonly pixels: Float32Array;
  readonly transform: FrameTransform;
}

/**
 * The paper's preprocessing: a proportional bilinear resize that makes the shorter side `size` (with `pad`, the longer
 * side), then the central size×size square. Of a frame with a region it is the region that this happens to.
 *
 * When reducing, the triangle filter is widened by the reduction factor (antialiasing, as Pillow's and
 * `torch.nn.functional.interpolate(antialias=True)` do): plain bilinear would read 4 of many pixels and turn speckle
 * into noise. Crop and resize are one resampling: the scale is exactly size / side on both axes, where rounding the
 * scaled width first would stretch the frame by up to half a pixel.
 */
export function fitFrame(frame: GreyFrame, size: number, options: { fit?: Fit } = {}): FittedFrame {
  const { width: stride } = frame;
  const { x: left, y: top, width, height } = regionOf(frame);
  const transform = fitTransform(frame, size, options);
  const { scale, offset } = transform;
  const columns = triangleTaps(width, size, scale, offset.x);
  const rows = triangleTaps(height, size, scale, offset.y);
  // Along rows first, for those rows of the region that the second pass reads.
  const narrow = new Float32Array(height * size);
  for (let y = rows.first; y < rows.end; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      const start = columns.start[x];
      for (let k = 0; k < columns.count[x]; k++) {
        sum += columns.weights[x * columns.width + k] * frame.pixels[(top + y) * stride + left + start + k];
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

/** The transform by which {@link fitFrame} maps the pixels of a frame. */
export function fitTransform(frame: FrameExtent, size: number, options: { fit?: Fit } = {}): FrameTransform {
  const { x, y, width, height } = regionOf(frame);
  const side = options.fit === 'pad' ? Math.max(width, height) : Math.min(width, height);
  // In whole numbers: 49·(512/49) is a little less than 512, and its floor would be a pixel away.
  const offset = (extent: number) => Math.floor((size * (extent - side)) / (2 * side));
  return new FrameTransform(size / side, { x: offset(width), y: offset(height) }, { x, y });
}

/** The part of a frame that {@link fitFrame} brings to the network: its region, or of it the central square. */
export function seenRegion(frame: FrameExtent, size: number, transform: FrameTransform): Region {
  const region = regionOf(frame);
  const corner = transform.toFrame({ x: -0.5, y: -0.5 });
  const opposite = transform.toFrame({ x: size - 0.5, y: size - 0.5 });
  const x = Math.max(region.x, corner.x + 0.5);
  const y = Math.max(region.y, corner.y + 0.5);
  return {
    x,
    y,
    width: Math.min(region.x + region.width, opposite.x + 0.5) - x,
    height: Math.min(region.y + region.height, opposite.y + 0.5) - y,
  };
}

/** The region of a frame, or all of it. */
export function regionOf({ width, height, region }: FrameExtent): Region {
  return region ?? { x: 0, y: 0, width, height };
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
    // Cut off at the borders and normalized, so that edges keep their brightness.
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
