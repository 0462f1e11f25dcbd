/** The font of overlays, in a page. Its counterpart in Node is font-node.ts. */
import opentype from 'opentype.js';
import { OverlayError } from './marks.js';

let loaded: opentype.Font | undefined;

/** Fetches the font, which the build puts beside this module. Overlays can be drawn once it is there. */
export async function loadOverlayFont(): Promise<void> {
  if (loaded !== undefined) return;
  const response = await fetch(new URL('./inter-600.woff', import.meta.url));
  if (!response.ok) {
    throw new OverlayError(`The font could not be fetched (status ${response.status}); try again, or reload the page.`);
  }
  loaded = opentype.parse(await response.arrayBuffer());
}

/** Inter Semi Bold with the Latin-1 characters. @throws OverlayError before it has been loaded */
export function overlayFont(): opentype.Font {
  if (loaded === undefined) throw new OverlayError('The font is not loaded; call loadOverlayFont first.');
  return loaded;
}
