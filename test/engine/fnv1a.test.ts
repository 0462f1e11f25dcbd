import { expect, test } from 'vitest';
import { fnv1a } from '../../src/engine/fnv1a.js';

// Fowler, Noll and Vo's own vectors for FNV-1a, 32 bits.
test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('the first word of %j is the published hash', (text, hash) => {
  expect(fnv1a(text)[0]).toBe(hash);
});

test('the second word distinguishes texts whose first words collide', () => {
  // A known pair of equal FNV-1a hashes.
  expect(fnv1a('costarring')[0]).toBe(fnv1a('liquid')[0]);
  expect(fnv1a('costarring')[1]).not.toBe(fnv1a('liquid')[1]);
});
