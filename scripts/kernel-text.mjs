// How a kernel's file becomes the text that is in a module: the same for Node, for browsers and in tests, so that no host runs
// a kernel that the others have not.
import { readFileSync } from 'node:fs';

/**
 * A kernel without its comments, a fifth of what a page would load, and without indentation; `//#` directs its template. Its
 * last line is ended: files are concatenated, and a final `//#end` or comment would swallow the first line of the next.
 *
 * @param {string} wgsl
 */
export function kernelText(wgsl) {
  const lines = wgsl.split('\n').map((line) => line.replace(/\/\/(?!#).*/, '').trim());
  return `${lines.filter(Boolean).join('\n')}\n`;
}

/** For rolldown and Vite: files of WGSL are modules whose default export is their text. */
export const kernelModules = {
  name: 'wgsl-as-text',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.wgsl')) return null;
    const code = `export default ${JSON.stringify(kernelText(readFileSync(id, 'utf8')))};`;
    return { code, moduleType: 'js' };
  },
};
