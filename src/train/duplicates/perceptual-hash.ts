import type { Frame } from '../../images/index.js';
import { fitFrame } from '../../model/fit-frame.js';

/** Side of the picture that is transformed, and how many frequencies of each axis are kept. */
const SIDE = 32;
const FREQUENCIES = 16;

/** Bits of a hash that say something: all frequencies but the mean grey. */
export const HASH_BITS = FREQUENCIES * FREQUENCIES - 1;

/** Bit v·16 + u, in words of 32: whether the picture has the cosine of frequency (u, v) or its negative. */
export type PerceptualHash = Uint32Array;

/**
 * cos(π(2i + 1)k / 2n), the rows of a discrete cosine transform (DCT-II) but for their length, which no sign depends
 * on.
 */
const COSINES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, at) => {
  const [k, i] = [Math.floor(at / SIDE), at % SIDE];
  return Math.cos((Math.PI * (2 * i + 1) * k) / (2 * SIDE));
});

/** A coefficient below this is rounding, as of a frame of one grey, and not a picture. */
const NOTHING = 1e-6;

/**
 * A fingerprint that hardly changes with encoding, size, brightness, contrast or blur of a frame: the signs of its low
 * spatial frequencies. The frame is cut to its central square, as the network sees it.
 */
export function perceptualHash(frame: Frame): PerceptualHash {
  const { pixels } = fitFrame(frame, SIDE);
  // Rows first: SIDE × FREQUENCIES.
  const rows = new Float64Array(SIDE * FREQUENCIES);
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += pixels[y * SIDE + x] * COSINES[u * SIDE + x];
      rows[y * FREQUENCIES + u] = sum;
    }
  }
  return bits((u, v) => {
    if (u === 0 && v === 0) return false;
    let sum = 0;
    for (let y = 0; y < SIDE; y++) sum += rows[y * FREQUENCIES + u] * COSINES[v * SIDE + y];
    return sum > NOTHING;
  });
}

function bits(of: (u: number, v: number) => boolean): Uint32Array {
  const words = new Uint32Array((FREQUENCIES * FREQUENCIES) / 32);
  for (let at = 0; at < FREQUENCIES * FREQUENCIES; at++) {
    if (of(at % FREQUENCIES, Math.floor(at / FREQUENCIES))) words[at >>> 5] |= 1 << (at & 31);
  }
  return words;
}

/**
 * Bits that a mirror turns over: cosines of odd frequency are odd around the middle. None, left-right, top-bottom,
 * both.
 */
const MIRRORS: readonly Uint32Array[] = [
  bits(() => false),
  bits((u) => u % 2 === 1),
  bits((_, v) => v % 2 === 1),
  bits((u, v) => (u + v) % 2 === 1),
];

/**
 * How many bits two hashes differ in (Hamming distance), 0 to 255: the least of the four ways of mirroring one of the
 * frames.
 *
 * @param limit Counting stops there: the result is right where it is less.
 */
export function hashDistance(a: PerceptualHash, b: PerceptualHash, limit: number = HASH_BITS): number {
  let least = limit;
  for (const mirror of MIRRORS) {
    let count = 0;
    for (let word = 0; word < a.length && count < least; word++) count += ones(a[word] ^ b[word] ^ mirror[word]);
    least = Math.min(least, count);
  }
  return least;
}

/** Set bits of a word, counted in pairs, fours and bytes at once. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
