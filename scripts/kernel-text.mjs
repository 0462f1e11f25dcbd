// How a kernel's file becomes the text that is in a module: the same for Node, for browsers and in tests, so that no
// host runs a kernel that the others have not.
import { readFileSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * A kernel without its comments, a fifth of what a page would load, and without indentation; `//#` directs its template
 * (src/engine/wgsl). Its last line is ended: files are concatenated, and a final `//#end` or comment would swallow the
 * first line of the next. Lines keep their numbers, and the first says of which file they are, so that errors can.
 *
 * @param {string} wgsl
 * @param {string} path
 */
export function kernelText(wgsl, path) {
  const lines = wgsl.split('\n').map((line) => line.replace(/\/\/(?!#).*/, '').trim());
  return `//#file ${path}\n${lines.join('\n').trimEnd()}\n`;
}

/**
 * For rolldown and Vite: files of WGSL are modules whose default export is their text. Raw, since a minifier would move
 * a plain string to where it is used, and bundles keep kernels together.
 */
export const kernelModules = {
  name: 'wgsl-as-text',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.wgsl')) return null;
    const path = relative(root, id).replaceAll(sep, '/');
    const text = kernelText(readFileSync(id, 'utf8'), path);
    return { code: `export default String.raw\`${text}\`;`, moduleType: 'js', moduleSideEffects: false };
  },
};
