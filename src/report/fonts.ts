import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The page brings its type along, so that it looks the same on every machine and its columns of numbers align. About 80
 * kB. Characters that these files lack are taken from the reader's machine.
 */
const FACES = [
  { file: 'inter-latin-400-normal', weight: 400, style: 'normal' },
  { file: 'inter-latin-600-normal', weight: 600, style: 'normal' },
  { file: 'inter-greek-400-normal', weight: 400, style: 'normal', range: 'U+0370-03FF' },
  { file: 'inter-greek-600-normal', weight: 600, style: 'normal', range: 'U+0370-03FF' },
] as const;

/** `@font-face` rules with the fonts within them. */
export function fontFaces(): string {
  const { resolve } = createRequire(import.meta.url);
  return FACES.map((face) => {
    const data = readFileSync(resolve(`@fontsource/inter/files/${face.file}.woff2`)).toString('base64');
    const range = 'range' in face ? `unicode-range: ${face.range};` : '';
    const rules = `font-family: Inter; font-weight: ${face.weight}; font-style: ${face.style}; ${range}`;
    return `@font-face { ${rules} src: url(data:font/woff2;base64,${data}) format("woff2"); }`;
  }).join('\n');
}
