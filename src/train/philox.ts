import { SondeError } from '../engine/errors.js';
import { RandomDraws } from './random.js';

/** A key that names no stream of random numbers. */
export class RandomKeyError extends SondeError {
  override name = 'RandomKeyError';
}

/**
 * What draws are for. Each purpose has its own streams, so that a change to one leaves the draws of the others alone.
 */
export type Purpose = 'order' | 'appearance' | 'geometry' | 'trial';

/** Second word of the generator's key: four letters in ASCII, far from the small numbers that other keys count with. */
const PURPOSE_WORDS: Readonly<Record<Purpose, number>> = {
  order: 0x6f726472,
  appearance: 0x6c6f6f6b,
  geometry: 0x67656f6d,
  trial: 0x74726961,
};

/** Names one stream. Each is a whole number from 0 to 2³² − 1. */
export interface StreamKey {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the frame in its set, or of the trial in its study. */
  readonly index?: number;
  readonly attempt?: number;
}

/**
 * Random numbers that depend on purpose and key alone: Philox4x32-10 under (seed, purpose) at (block, attempt, epoch,
 * index).
 */
export class RandomStream extends RandomDraws {
  private readonly key: readonly [number, number];
  private readonly position: readonly [number, number, number];
  private words: readonly number[] = [];
  private drawn = 0;

  /** @throws RandomKeyError */
  constructor(purpose: Purpose, { seed, epoch, index = 0, attempt = 0 }: StreamKey) {
    super();
    for (const [name, value] of Object.entries({ seed, epoch, index, attempt })) {
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
        throw new RandomKeyError(
          `Random draws (${purpose}): ${name} ${value} is no whole number from 0 to ${2 ** 32 - 1}; choose one.`,
        );
      }
    }
    this.key = [seed, PURPOSE_WORDS[purpose]];
    this.position = [attempt, epoch, index];
  }

  override word(): number {
    const lane = this.drawn % 4;
    if (lane === 0) this.words = philox([this.drawn / 4, ...this.position], this.key);
    this.drawn += 1;
    return this.words[lane];
  }
}

/**
 * Four words from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), the engine's own
 * generator: ten rounds of multiplications by two constants, mixed with a key that a Weyl sequence advances.
 */
export function philox(
  [c0, c1, c2, c3]: readonly [number, number, number, number],
  [k0, k1]: readonly [number, number],
): [number, number, number, number] {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [
      (high1 ^ c1 ^ k0) >>> 0,
      Math.imul(0xcd9e8d57, c2) >>> 0,
      (high0 ^ c3 ^ k1) >>> 0,
      Math.imul(0xd2511f53, c0) >>> 0,
    ];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper word of the 64-bit product of two unsigned words, from products of their halves. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle1 = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle1 & 0xffff);
  return aHigh * bHigh + (middle1 >>> 16) + (middle2 >>> 16);
}
