import { glyphDots } from './font.js';
import { REFERENCE_SIZE } from './geometry.js';

/**
 * Draws over a frame of any size, with antialiased edges. Places are given in pixels of the reference frame, from its
 * top left corner; greys are 0 to 255.
 */
export class Canvas {
  private readonly pixels: Uint8Array;
  /** The frame as it was. */
  private readonly ground: Uint8Array;
  private readonly size: number;
  private readonly scale: number;
  /** How much of each pixel is painted, and the paint's grey times that: shapes that share a pixel share it fairly. */
  private readonly cover: Float32Array;
  private readonly paint: Float32Array;

  constructor(pixels: Uint8Array, size: number) {
    this.pixels = pixels;
    this.size = size;
    this.scale = size / REFERENCE_SIZE;
    this.ground = Uint8Array.from(pixels);
    this.cover = new Float32Array(pixels.length);
    this.paint = new Float32Array(pixels.length);
  }

  rectangle(left: number, top: number, right: number, bottom: number, grey: number): void {
    const [x0, y0, x1, y1] = [left, top, right, bottom].map((edge) =>
      Math.max(0, Math.min(this.size, edge * this.scale)),
    );
    for (let y = Math.floor(y0); y < y1; y++) {
      const height = Math.min(y + 1, y1) - Math.max(y, y0);
      for (let x = Math.floor(x0); x < x1; x++) {
        this.add(x, y, height * (Math.min(x + 1, x1) - Math.max(x, x0)), grey);
      }
    }
  }

  disc(x: number, y: number, radius: number, grey: number): void {
    const [u, v, r] = [x, y, radius].map((length) => length * this.scale);
    for (let row = Math.max(0, Math.floor(v - r - 1)); row < Math.min(this.size, v + r + 1); row++) {
      for (let column = Math.max(0, Math.floor(u - r - 1)); column < Math.min(this.size, u + r + 1); column++) {
        const cover = r + 0.5 - Math.hypot(column + 0.5 - u, row + 0.5 - v);
        if (cover > 0) this.add(column, row, Math.min(1, cover), grey);
      }
    }
  }

  /** Writes a line of text of the given height whose top left corner is (x, y). */
  text(line: string, x: number, y: number, height: number, grey: number): void {
    const dot = height / 7;
    [...line].forEach((character, i) => {
      for (const [column, row] of glyphDots(character)) {
        const left = x + (6 * i + column) * dot;
        this.rectangle(left, y + row * dot, left + dot, y + (row + 1) * dot, grey);
      }
    });
  }

  private add(x: number, y: number, cover: number, grey: number): void {
    const i = y * this.size + x;
    const added = Math.min(cover, 1 - this.cover[i]);
    this.cover[i] += added;
    this.paint[i] += added * grey;
    this.pixels[i] = Math.round(this.ground[i] * (1 - this.cover[i]) + this.paint[i]);
  }
}

/** Width of a line of text of this height. */
export function textWidth(line: string, height: number): number {
  return (6 * line.length - 1) * (height / 7);
}
