/**
 * A 5×7 dot font of the characters that overlays are written in: seven rows from the top, each a digit in base 32 whose
 * bits are the dots, the leftmost highest.
 */
export const GLYPHS: Record<string, string> = {
  0: 'ehjlphe',
  1: '4c4444e',
  2: 'eh1248v',
  3: 'v2421he',
  4: '26aiv22',
  5: 'vgu11he',
  6: '68guhhe',
  7: 'v124888',
  8: 'ehhehhe',
  9: 'ehhf12c',
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'sihhhis',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllra',
  K: 'hikokih',
  Y: 'hha4444',
  J: '72222ic',
  Q: 'ehhhlid',
  X: 'hha4ahh',
  Z: 'v1248gv',
  '.': '00000cc',
  '-': '000v000',
  '/': '01248g0',
  '%': 'op248j3',
};

/** Dots of a glyph as [column, row]; none for a space. */
export function glyphDots(character: string): [column: number, row: number][] {
  const dots: [number, number][] = [];
  [...(GLYPHS[character] ?? '')].forEach((digit, row) => {
    const bits = Number.parseInt(digit, 32);
    for (let column = 0; column < 5; column++) if (bits & (16 >> column)) dots.push([column, row]);
  });
  return dots;
}
