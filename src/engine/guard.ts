/** Bytes beyond each value that checked mode fills with words of its own. */
export const GUARD_BYTES = 256;

/**
 * The words that checked mode writes behind values, and into results before a kernel does; guard.wgsl has the same and
 * says why.
 * @param salt Tells buffers apart. @param position Of the word in its buffer.
 */
function guardWord(salt: number, position: number): number {
  const bits = Math.imul(salt, 0x6a3d) + Math.imul(position, 0x9e37);
  return (0x7f807c01 | ((bits & 0x3f) << 16) | ((bits >>> 5) & 0x3fe)) >>> 0;
}

/** Words for the positions from `first` on. */
export function guardWords(salt: number, first: number, count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, i) => guardWord(salt, first + i));
}
