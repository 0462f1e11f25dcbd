import type { Frame } from '../../../images/frame.js';

/** Draws the grey levels of a frame on a canvas of the same size. */
export function drawFrame(
  { width, height, pixels }: Frame,
  canvas = document.createElement('canvas'),
): HTMLCanvasElement {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < words.length; i++) {
    const grey = Math.round(255 * pixels[i]);
    words[i] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** Longest side of a thumbnail, pixels of a fine screen. */
const THUMBNAIL = 144;

/** Thumbnail of a frame, as a URL. */
export function drawThumbnail(frame: Frame): string {
  const scale = Math.min(1, THUMBNAIL / Math.max(frame.width, frame.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(frame.width * scale));
  canvas.height = Math.max(1, Math.round(frame.height * scale));
  const context = canvas.getContext('2d');
  if (context) {
    context.imageSmoothingQuality = 'high';
    context.drawImage(drawFrame(frame), 0, 0, canvas.width, canvas.height);
  }
  return canvas.toDataURL('image/jpeg', 0.8);
}
