import type { Frame, Region } from './frame.js';

/**
 * The part of a frame that shows tissue, without the menus and names that machines write around it; the frame itself
 * where its file does not say which part that is. Positions in the crop plus the corner of `frame.region` are positions
 * in the frame.
 */
export function cropFrame(frame: Frame, region: Region | undefined = frame.region): Frame {
  if (!region) return frame;
  const { x, y, width, height } = region;
  const { spacing, pixelAspectRatio } = frame;
  const pixels = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * frame.width + x;
    pixels.set(frame.pixels.subarray(start, start + width), row * width);
  }
  return {
    width,
    height,
    pixels,
    ...(spacing ? { spacing } : {}),
    ...(pixelAspectRatio ? { pixelAspectRatio } : {}),
  };
}
