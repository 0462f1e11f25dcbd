// Bundles sonde/engine and sonde/model for pages without a bundler: to dist/browser, two files and what they share, for
// `<script type="module">`. Prints how large they are, and fails where they are larger than they may be.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { browserBuild } from './browser-build.mjs';

/**
 * Bytes that a page may have to load for each entry, compressed with gzip, with all that it imports. Raised on purpose, or not at
 * all.
 */
export const BUDGETS = { engine: 83_000, model: 82_000 };

/**
 * @typedef {object} BundleSize
 * @property {string} entry
 * @property {string[]} files The entry, and what it imports
 * @property {number} bytes
 * @property {number} gzip
 * @property {number} brotli
 */

/**
 * Writes `engine.js`, `model.js` and `shared.js` into a folder. Both entries share one engine, so that tensors of the one are tensors
 * of the other.
 *
 * @param {string} folder
 * @returns {Promise<BundleSize[]>}
 */
export async function buildBrowserBundles(folder) {
  rmSync(folder, { recursive: true, force: true });
  const { output } = await browserBuild(
    { engine: 'src/index.ts', model: 'src/model/index.ts' },
    // One chunk at most: what both entries import.
    { dir: folder, chunkFileNames: 'shared.js' },
  );
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  return ['engine', 'model'].map((entry) => {
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
