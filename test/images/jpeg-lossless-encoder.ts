/** Writes lossless JPEG (ISO/IEC 10918-1, annex H) for tests: one interleaved scan, one Huffman table for all. */
export function encodeJpegLossless(
  samples: readonly number[],
  options: {
    readonly width: number;
    readonly height: number;
    readonly bits: number;
    readonly channels: 1 | 3;
    readonly selection: number;
  },
): Uint8Array {
  const { width, height, bits, channels, selection } = options;
  const at = (x: number, y: number, c: number) => samples[(y * width + x) * channels + c];
  // Categories 0 to 15 in five bits each, and 16, a difference of half the range, in six (H.1.2.2).
  const code = (category: number) => (category < 16 ? [category, 5] : [0b100000, 6]);
  const written: number[] = [];
  const put = (value: number, count: number) => {
    for (let i = count - 1; i >= 0; i--) written.push((value >> i) & 1);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const difference = ((at(x, y, c) - predicted(at, x, y, c, bits, selection) + 32768) & 0xffff) - 32768;
        const magnitude = difference === -32768 ? 32768 : Math.abs(difference);
        const category = magnitude === 0 ? 0 : Math.floor(Math.log2(magnitude)) + 1;
        const [word, length] = code(category);
        put(word, length);
        if (category > 0 && category < 16) put(difference > 0 ? difference : difference + 2 ** category - 1, category);
      }
    }
  }
  const entropy: number[] = [];
  while (written.length % 8 !== 0) written.push(1);
  for (let i = 0; i < written.length; i += 8) {
    const byte = written.slice(i, i + 8).reduce((value, bit) => value * 2 + bit, 0);
    entropy.push(byte, ...(byte === 0xff ? [0] : []));
  }
  const components = Array.from({ length: channels }, (_, c) => c + 1);
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segment(0xc3, [bits, ...word(height), ...word(width), channels, ...components.flatMap((id) => [id, 0x11, 0])]),
    ...segment(0xc4, [0, 0, 0, 0, 0, 16, 1, ...new Array(10).fill(0), ...Array.from({ length: 17 }, (_, i) => i)]),
    ...segment(0xda, [channels, ...components.flatMap((id) => [id, 0]), selection, 0, 0]),
    ...entropy,
    ...[0xff, 0xd9],
  ]);
}

/** Table H.1; the first line is predicted from the left, the first column from above. */
function predicted(
  at: (x: number, y: number, c: number) => number,
  x: number,
  y: number,
  c: number,
  bits: number,
  selection: number,
): number {
  if (x === 0 && y === 0) return 2 ** (bits - 1);
  if (y === 0) return at(x - 1, y, c);
  if (x === 0) return at(x, y - 1, c);
  const [a, b, d] = [at(x - 1, y, c), at(x, y - 1, c), at(x - 1, y - 1, c)];
  return [0, a, b, d, a + b - d, a + ((b - d) >> 1), b + ((a - d) >> 1), (a + b) >> 1][selection];
}

function segment(marker: number, data: readonly number[]): number[] {
  return [0xff, marker, ...word(data.length + 2), ...data];
}

function word(value: number): number[] {
  return [value >> 8, value & 255];
}
