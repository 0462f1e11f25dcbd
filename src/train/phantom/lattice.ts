import type { Stream } from './random.js';

const SIZE = 64;

/** Smooth noise over the plane: normal values at whole coordinates, blended between them; repeats after 64. */
export class Lattice {
  private readonly values = new Float32Array(SIZE * SIZE);

  constructor(stream: Stream) {
    for (let i = 0; i < this.values.length; i++) this.values[i] = stream.normal();
  }

  /** About unit variance on average. */
  at(x: number, y: number): number {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const left = column & (SIZE - 1);
    const right = (column + 1) & (SIZE - 1);
    const top = (row & (SIZE - 1)) * SIZE;
    const bottom = ((row + 1) & (SIZE - 1)) * SIZE;
    const u = smooth(x - column);
    const v = smooth(y - row);
    const values = this.values;
    const above = values[top + left] + u * (values[top + right] - values[top + left]);
    const below = values[bottom + left] + u * (values[bottom + right] - values[bottom + left]);
    // Blending averages two to four values and so lowers the variance; 1.35 makes up for it.
    return 1.35 * (above + v * (below - above));
  }
}

/** Blend weight with zero slope at both ends. */
function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
