// Bundles sonde/engine and sonde/model for pages without a bundler: to dist/browser, two files and what they share, for
// `<script type="module">`. Prints how large they are, and fails where they are larger than they may be.
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { browserBuild } from './browser-build.mjs';

/**
 * Bytes that a page may have to load for each entry, compressed with gzip, with all that it imports. Raised on purpose,
 * or not at all.
 */
export const BUDGETS = { engine: 95_100, model: 81_800 };

const ENTRIES = { engine: 'src/index.ts', model: 'src/model/index.ts' };

/**
 * @typedef {object} BundleSize
 * @property {string} entry
 * @property {string[]} files The entry, and what it imports
 * @property {number} bytes
 * @property {number} gzip
 * @property {number} brotli
 */

/**
 * Writes `engine.js`, `model.js` and `shared.js` into a folder. Both entries share one engine, so that tensors of the
 * one are tensors of the other.
 *
 * @param {string} folder
 * @returns {Promise<BundleSize[]>}
 */
export async function buildBrowserBundles(folder) {
  rmSync(folder, { recursive: true, force: true });
  // One chunk at most: what both entries import.
  const build = async (plugins) => {
    const { output } = await browserBuild(ENTRIES, { dir: folder, chunkFileNames: 'shared.js' }, plugins);
    return new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  };
  const chunks = await build([kernelsFirst(await build([]))]);
  return Object.keys(ENTRIES).map((entry) => {
    const files = new Set();
    const visit = (file) => {
      if (files.has(file)) return;
      files.add(file);
      const chunk = chunks.get(file);
      if (!chunk) throw new Error(`dist/browser/${entry}.js imports ${file}, which is not in the bundle.`);
      for (const imported of [...chunk.imports, ...chunk.dynamicImports]) visit(imported);
    };
    visit(`${entry}.js`);
    const size = { entry, files: [...files], bytes: 0, gzip: 0, brotli: 0 };
    for (const file of files) {
      const content = readFileSync(join(folder, file));
      size.bytes += content.length;
      size.gzip += gzipSync(content, { level: 9 }).length;
      size.brotli += brotliCompressSync(content).length;
    }
    return size;
  });
}

/**
 * Puts the kernels of each file next to each other, ahead of everything else: 2 % less with gzip than each kernel next
 * to the module that dispatches it. A file has its modules in the order in which they are imported, so an entry imports
 * its kernels first.
 *
 * @param {Map<string, import('rolldown').OutputChunk>} chunks The same build without, which tells the kernels of each
 *   file
 * @returns {import('rolldown').Plugin}
 */
function kernelsFirst(chunks) {
  const kernelsOf = (file) => chunks.get(file)?.moduleIds.filter((id) => id.endsWith('.wgsl')) ?? [];
  const entries = new Map(Object.entries(ENTRIES).map(([entry, path]) => [resolve(path), `${entry}.js`]));
  return {
    name: 'kernels-first',
    transform(code, id) {
      if (!entries.has(id)) return null;
      const kernels = [...kernelsOf('shared.js'), ...kernelsOf(entries.get(id))];
      return { code: kernels.map((kernel) => `import ${JSON.stringify(kernel)};`).join('') + code, map: null };
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
  console.log('dist/browser      bytes      gzip    brotli');
  for (const { entry, files, bytes, gzip, brotli } of await buildBrowserBundles('dist/browser')) {
    console.log(
      `${`${entry}.js`.padEnd(13)}${kilobytes(bytes)} ${kilobytes(gzip)} ${kilobytes(brotli)}  (${files.join(', ')})`,
    );
    if (gzip > BUDGETS[entry]) {
      console.error(`${entry}.js: ${gzip} bytes with gzip are more than the ${BUDGETS[entry]} that it may have.`);
      process.exitCode = 1;
    }
  }
}
