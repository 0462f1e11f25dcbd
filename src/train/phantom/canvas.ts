import { fitFrame } from '../image/index.js';
import { glyphDots } from './font.js';
import { REFERENCE_SIZE } from './geometry.js';

/** Drawings laid over a frame: greys with coverage, on the reference grid. Edges are antialiased. */
export class Canvas {
  readonly #size = REFERENCE_SIZE;
  /** Grey times coverage, and coverage, both in [0, 1]. */
  readonly #grey = new Float32Array(REFERENCE_SIZE ** 2);
  readonly #cover = new Float32Array(REFERENCE_SIZE ** 2);

  /** Fills a rectangle given by its corners in pixel units from the frame's corner. `grey` 0 to 255. */
  rectangle(left: number, top: number, right: number, bottom: number, grey: number): void {
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(this.#size, bottom); y++) {
      const height = Math.min(y + 1, bottom) - Math.max(y, top);
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(this.#size, right); x++) {
        this.#add(x, y, height * (Math.min(x + 1, right) - Math.max(x, left)), grey);
      }
    }
  }

  disc(x: number, y: number, radius: number, grey: number): void {
    for (let v = Math.floor(y - radius - 1); v <= y + radius + 1; v++) {
      for (let u = Math.floor(x - radius - 1); u <= x + radius + 1; u++) {
        const cover = radius + 0.5 - Math.hypot(u + 0.5 - x, v + 0.5 - y);
        if (cover > 0 && u >= 0 && v >= 0 && u < this.#size && v < this.#size)
          this.#add(u, v, Math.min(1, cover), grey);
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

  /** Lays the drawing over a frame of size×size pixels. */
  blend(pixels: Uint8Array, size: number): void {
    const scaled = (layer: Float32Array) =>
      size === this.#size ? layer : fitFrame({ width: this.#size, height: this.#size, pixels: layer }, size).pixels;
    const grey = scaled(this.#grey);
    const cover = scaled(this.#cover);
    for (let i = 0; i < pixels.length; i++) {
      if (cover[i] > 0) pixels[i] = Math.round(pixels[i] * (1 - cover[i]) + 255 * grey[i]);
    }
  }

  #add(x: number, y: number, cover: number, grey: number): void {
    const i = y * this.#size + x;
    const added = Math.min(cover, 1 - this.#cover[i]);
    this.#cover[i] += added;
    this.#grey[i] += (added * grey) / 255;
  }
}

/** Width of a line of text of this height. */
export function textWidth(line: string, height: number): number {
  return (6 * line.length - 1) * (height / 7);
}
