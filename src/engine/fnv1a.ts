/**
 * FNV-1a of a text's UTF-16 code units, 32 bits, and a second word that makes the hash one of 64 bits.
 *
 * @returns two unsigned words, the first of them FNV-1a itself
 */
export function fnv1a(text: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code ^ (a >>> 15), 0x85ebca6b);
  }
  return [a >>> 0, b >>> 0];
}
