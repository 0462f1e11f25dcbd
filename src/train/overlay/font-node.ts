/** The font of overlays, in Node. Its counterpart in a browser is font-browser.ts. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype from 'opentype.js';

let loaded: opentype.Font | undefined;

/** Inter Semi Bold with the Latin-1 characters. */
export function overlayFont(): opentype.Font {
  if (loaded === undefined) {
    const file = createRequire(import.meta.url).resolve('@fontsource/inter/files/inter-latin-600-normal.woff');
    loaded = opentype.parse(new Uint8Array(readFileSync(file)).buffer);
  }
  return loaded;
}
