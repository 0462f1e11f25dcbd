// How TypeScript and kernels become JavaScript for browsers: no import is left that a browser could not follow.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import './bundle.mjs';
import { kernelModules } from './kernel-text.mjs';

const require = createRequire(import.meta.url);

/** Which of its counterparts a module of two hosts is here, and what packages have for browsers. */
const alias = {
  '#gpu': resolve('src/engine/gpu-browser.ts'),
  '#codecs': resolve('src/images/codecs-browser.ts'),
  '#font': resolve('src/train/overlay/font-browser.ts'),
  'csv-stringify/sync': require.resolve('csv-stringify/browser/esm/sync'),
};

/** Asked for by the loaders of OpenJPEG and CharLS where they find themselves in Node. */
const ABSENT = new Set(['fs', 'path', 'crypto']);

/**
 * @param {Record<string, string>} input Entries by name
 * @param {import('rolldown').OutputOptions} output
 * @param {import('rolldown').Plugin[]} plugins
 */
export async function browserBuild(input, output, plugins = []) {
  const build = await rolldown({
    input,
    platform: 'browser',
    // Its paths lead to the modules for Node.
    tsconfig: false,
    transform: { target: 'es2022', jsx: { runtime: 'automatic', importSource: 'preact' } },
    resolve: { alias, extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
    plugins: [
      ...plugins,
      {
        name: 'no-node-modules',
        resolveId(id, importer) {
          if (ABSENT.has(id) && /codec-(openjpeg|charls)/.test(importer ?? '')) return { id: `absent:${id}` };
          if (id.startsWith('node:')) {
            throw new Error(`${importer} imports ${id}, which no browser has.`);
          }
          return null;
        },
        load: (id) => (id.startsWith('absent:') ? 'export default {};' : null),
      },
      kernelModules,
    ],
    onLog(level, log, handle) {
      // An import that leads nowhere would fail in the browser only.
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (log.code !== 'EVAL') handle(level, log);
    },
  });
  const written = await build.write({
    format: 'esm',
    sourcemap: true,
    minify: true,
    entryFileNames: '[name].js',
    ...output,
  });
  await build.close();
  return written;
}
