import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { RandomDraws } from '../random.js';

/**
 * What a stream is for. Each purpose has its own, so that a change to one stage leaves the draws of the others alone.
 */
export type Purpose = 'profile' | 'geometry' | 'scene' | 'texture' | 'speckle' | 'noise' | 'overlay';

/** Random numbers for one purpose of one frame: xoroshiro128+, on which all phantoms of `PHANTOM_VERSION` 1 depend. */
export class Stream extends RandomDraws {
  private readonly generator: RandomGenerator;

  /** @param seed any whole number up to 2⁵³ @param index the frame's number in its set */
  constructor(seed: number, index: number, purpose: Purpose) {
    super();
    let label = 0;
    for (const character of purpose) label = Math.imul(label, 31) + character.charCodeAt(0);
    const words = [seed, Math.floor(seed / 2 ** 32), index, Math.floor(index / 2 ** 32), label];
    // Four words of state, each a hash of everything with its own start.
    this.generator = xoroshiro128plusFromState([1, 2, 3, 4].map((start) => hash(start, words)));
  }

  override word(): number {
    return this.generator.next() >>> 0;
  }
}

/** Mixes words into 32 well-spread bits: multiply, rotate, and the final avalanche of MurmurHash3. */
function hash(start: number, words: readonly number[]): number {
  let state = Math.imul(start, 0x9e3779b9);
  for (const word of words) {
    let key = Math.imul(word | 0, 0xcc9e2d51);
    key = Math.imul((key << 15) | (key >>> 17), 0x1b873593);
    state ^= key;
    state = Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64;
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
