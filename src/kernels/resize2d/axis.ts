/**
 * How one axis is resized. Output cell o lies over the source coordinate
 *   s(o) = (o + offset) · numerator / denominator − offset.
 */
export interface ResizeAxis {
  readonly input: number;
  readonly output: number;
  readonly numerator: number;
  readonly denominator: number;
  /** Where in a cell its sample lies: 0.5 with half-pixel centres, 0 with aligned corners and for nearest. */
  readonly offset: 0 | 0.5;
}

/** The two source cells of an output cell and their weights. */
export interface Taps {
  readonly first: number;
  readonly second: number;
  readonly firstWeight: number;
  readonly secondWeight: number;
}

/** Linear interpolation between the cells around s(o); beyond the ends, the end cell. */
export function linearTaps({ input, output, numerator, denominator, offset }: ResizeAxis): Taps[] {
  return Array.from({ length: output }, (_, o) => {
    const source = Math.max(((o + offset) * numerator) / denominator - offset, 0);
    const first = Math.min(Math.floor(source), input - 1);
    const fraction = Math.min(source - first, 1);
    return { first, second: Math.min(first + 1, input - 1), firstWeight: 1 - fraction, secondWeight: fraction };
  });
}

/** The cell ⌊s(o)⌋, at most the last one. */
export function nearestTaps({ input, output, numerator, denominator }: ResizeAxis): Taps[] {
  return Array.from({ length: output }, (_, o) => {
    const cell = Math.min(Math.floor((o * numerator) / denominator), input - 1);
    return { first: cell, second: cell, firstWeight: 1, secondWeight: 0 };
  });
}

/** For the kernels: (first, second, bits of the weights) of each output cell, in words. */
export function packTaps(taps: readonly Taps[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(4 * taps.length);
  const floats = new Float32Array(words.buffer);
  for (const [o, { first, second, firstWeight, secondWeight }] of taps.entries()) {
    words.set([first, second], 4 * o);
    floats.set([firstWeight, secondWeight], 4 * o + 2);
  }
  return words;
}

/**
 * For each input cell the range [begin, end) of output cells that it is a tap of. The taps grow with the output cell,
 * so the range has no gaps.
 */
export function tapRanges(taps: readonly Taps[], input: number): [begin: number, end: number][] {
  const ranges = Array.from({ length: input }, (): [number, number] => [0, 0]);
  for (const [o, { first, second }] of taps.entries()) {
    for (const cell of [first, second]) {
      if (ranges[cell][1] === 0) ranges[cell][0] = o;
      ranges[cell][1] = o + 1;
    }
  }
  return ranges;
}
