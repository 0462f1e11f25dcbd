import sharp from 'sharp';
import type { Landmarks } from '../landmarks.js';
import { glyphDots } from './font.js';

/** One frame on a contact sheet. */
export interface SheetFrame {
  readonly size: number;
  readonly pixels: Uint8Array;
  readonly landmarks: Landmarks;
  readonly caption: string;
}

type Colour = readonly [number, number, number];
const COLOURS: Record<keyof Landmarks, Colour> = { ps1: [255, 90, 70], ps2: [110, 230, 90], fh1: [80, 170, 255] };
const RAY: Colour = [240, 200, 60];
const CAPTION_HEIGHT = 14;

/** A PNG of frames in a grid, `columns` wide, with landmarks, the angle's two rays and a caption under each. */
export async function contactSheet(frames: readonly SheetFrame[], columns: number): Promise<Uint8Array> {
  const cell = Math.max(...frames.map(({ size }) => size));
  const width = columns * cell;
  const height = Math.ceil(frames.length / columns) * (cell + CAPTION_HEIGHT);
  const sheet = new Uint8Array(width * height * 3);
  const dot = (x: number, y: number, [r, g, b]: Colour) => {
    if (x >= 0 && y >= 0 && x < width && y < height) sheet.set([r, g, b], (Math.round(y) * width + Math.round(x)) * 3);
  };
  frames.forEach((frame, i) => {
    const left = (i % columns) * cell;
    const top = Math.floor(i / columns) * (cell + CAPTION_HEIGHT);
    for (let y = 0; y < frame.size; y++) {
      for (let x = 0; x < frame.size; x++) {
        const grey = frame.pixels[y * frame.size + x];
        dot(left + x, top + y, [grey, grey, grey]);
      }
    }
    const { ps1, ps2, fh1 } = frame.landmarks;
    for (const end of [ps2, fh1]) {
      const length = Math.hypot(end.x - ps1.x, end.y - ps1.y);
      // Dashed, so that what lies beneath can be judged.
      for (let step = 0; step < length; step += 0.5) {
        if (step % 8 > 3) continue;
        dot(left + ps1.x + ((end.x - ps1.x) * step) / length, top + ps1.y + ((end.y - ps1.y) * step) / length, RAY);
      }
    }
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      const { x, y } = frame.landmarks[name];
      const arm = Math.max(2, Math.round(frame.size / 80));
      for (let d = -arm; d <= arm; d++) {
        dot(left + x + d, top + y, COLOURS[name]);
        dot(left + x, top + y + d, COLOURS[name]);
      }
    }
    [...frame.caption.toUpperCase()].forEach((character, k) => {
      for (const [column, row] of glyphDots(character))
        dot(left + 3 + 6 * k + column, top + cell + 3 + row, [200, 200, 200]);
    });
  });
  return sharp(sheet, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
