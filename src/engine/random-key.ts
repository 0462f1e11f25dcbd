import * as kinds from './kinds.js';

/** Names a random stream: the same key gives the same values. Any whole numbers; up to 2⁵³ each is told apart. */
export type RandomKey = number | readonly [number, number];

/** The key of a random stream. */
export const randomKey = kinds.either(
  kinds.safeInteger,
  kinds.list('two of them', kinds.safeInteger, { least: 2, most: 2 }),
);

/** Two 32-bit words from a key; a single number gives its low and high word. */
export function keyWords(key: RandomKey): [number, number] {
  if (typeof key === 'number') return [key >>> 0, Math.floor(key / 2 ** 32) >>> 0];
  const [a, b] = key;
  return [(a ^ (Math.floor(a / 2 ** 32) * 0x9e3779b1)) >>> 0, (b ^ (Math.floor(b / 2 ** 32) * 0x85ebca6b)) >>> 0];
}
