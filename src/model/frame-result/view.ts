import { type Fit, FrameTransform, fitFrame, type GreyFrame, type Region, regionOf, seenRegion } from '../fit-frame.js';

/** The preparation of a frame for the network: plain data, which threads and machines can hand on. */
export interface FrameView {
  readonly fit: Fit;
  /** The part of the frame that the network saw. */
  readonly seen: Region;
  /**
   * Luminance of the brightest patch that the network did not see, 0 where it saw everything: a patch is a
   * thirty-second of the seen part's side. What lies outside the region that the file names does not count.
   */
  readonly brightOutside: number;
  /** As in `FrameTransform`. */
  readonly transform: Pick<FrameTransform, 'scale' | 'offset' | 'origin'>;
}

/** A frame as the network takes it. */
export interface ViewedFrame {
  /** Luminance in [0, 1], size×size, row-major. */
  readonly pixels: Float32Array;
  readonly view: FrameView;
}

/**
 * Brings a frame to the network's size and says what of it is left.
 * @param options How the frame is fitted; `crop` by default, as in training.
 */
export function viewFrame(
  frame: GreyFrame,
  size: number,
  { fit = 'crop' }: { readonly fit?: Fit | undefined } = {},
): ViewedFrame {
  const { pixels, transform } = fitFrame(frame, size, { fit });
  const { scale, offset, origin } = transform;
  const seen = seenRegion(frame, size, transform);
  return {
    pixels,
    view: { fit, seen, brightOutside: brightOutside(frame, seen), transform: { scale, offset, origin } },
  };
}

export function transformOf({ transform: { scale, offset, origin } }: FrameView): FrameTransform {
  return new FrameTransform(scale, offset, origin);
}

const PATCHES_PER_SIDE = 32;

function brightOutside(frame: GreyFrame, seen: Region): number {
  const region = regionOf(frame);
  const [left, top] = [Math.floor(seen.x), Math.floor(seen.y)];
  const [right, bottom] = [Math.ceil(seen.x + seen.width), Math.ceil(seen.y + seen.height)];
  const [endX, endY] = [region.x + region.width, region.y + region.height];
  // Left, right, above and below: of the central square two of them are empty.
  return Math.max(
    brightest(frame, region.x, region.y, left, endY, seen),
    brightest(frame, right, region.y, endX, endY, seen),
    brightest(frame, left, region.y, right, top, seen),
    brightest(frame, left, bottom, right, endY, seen),
  );
}

/** The highest mean luminance of any patch of a strip. */
function brightest(frame: GreyFrame, x0: number, y0: number, x1: number, y1: number, seen: Region): number {
  const side = Math.max(1, Math.round(Math.max(seen.width, seen.height) / PATCHES_PER_SIDE));
  let highest = 0;
  for (let top = y0; top < y1; top += side) {
    for (let left = x0; left < x1; left += side) {
      const [right, bottom] = [Math.min(left + side, x1), Math.min(top + side, y1)];
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += frame.pixels[y * frame.width + x];
      highest = Math.max(highest, sum / ((right - left) * (bottom - top)));
    }
  }
  return highest;
}
