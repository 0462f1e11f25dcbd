/**
 * Text as outlines. SVG text is drawn with whatever fonts a machine has, and a fresh server has none: it would vanish.
 * So the glyphs of a font that comes as a package are drawn as paths.
 */
import type opentype from 'opentype.js';
import { overlayFont as font } from '#font';

/** Height of a capital letter as a fraction of the font size. */
export const CAP_HEIGHT = 0.727;

/** Width of a line of text at a font size, in the same unit. */
export function textWidth(text: string, size: number): number {
  const scale = size / font().unitsPerEm;
  return [...text].reduce((width, character) => width + (font().charToGlyph(character).advanceWidth ?? 0) * scale, 0);
}

/** The outlines of a line of text, as the data of an SVG path, starting at x on the baseline y. */
export function textOutline(text: string, x: number, y: number, size: number): string {
  const scale = size / font().unitsPerEm;
  let data = '';
  let pen = x;
  for (const character of text) {
    const glyph = font().charToGlyph(character);
    data += pathData(glyph.getPath(pen, y, size).commands);
    pen += (glyph.advanceWidth ?? 0) * scale;
  }
  return data;
}

/** The package's own `toPathData` writes NaN for a coordinate that is a whole number but for its last bits. */
function pathData(commands: readonly opentype.PathCommand[]): string {
  return commands
    .map((command) => {
      const control = 'x1' in command ? [command.x1, command.y1] : [];
      const secondControl = 'x2' in command ? [command.x2, command.y2] : [];
      const end = 'x' in command ? [command.x, command.y] : [];
      return command.type + [...control, ...secondControl, ...end].map((value) => Number(value.toFixed(2))).join(' ');
    })
    .join('');
}

/** The longest beginning of a text, closed by "…", that is no wider than `width`; the text itself if that fits. */
export function fittedText(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size) > width) characters.pop();
  return `${characters.join('').trimEnd()}…`;
}
