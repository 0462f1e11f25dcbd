// Bundles the web tool's page to dist/page: one folder that is served as it is.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const SOURCES = 'src/tool/page';
const OUT = 'dist/page';
const require = createRequire(import.meta.url);

/** Which of its counterparts a module of two hosts is here, and what packages have for browsers. */
const alias = {
  '#gpu': resolve('src/engine/gpu-browser.ts'),
  '#codecs': resolve('src/train/image/codecs-browser.ts'),
  '#font': resolve('src/train/overlay/font-browser.ts'),
  'csv-stringify/sync': require.resolve('csv-stringify/browser/esm/sync'),
};

/** Asked for by the loaders of OpenJPEG and CharLS where they find themselves in Node. */
const ABSENT = new Set(['fs', 'path', 'crypto']);

export async function buildPage() {
  const build = await rolldown({
    input: { main: join(SOURCES, 'main.tsx') },
    platform: 'browser',
    // Its paths lead to the modules for Node.
    tsconfig: false,
    transform: { target: 'es2022', jsx: { runtime: 'automatic', importSource: 'preact' } },
    moduleTypes: { '.wgsl': 'text' },
    resolve: { alias, extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
    plugins: [
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
    ],
    onLog(level, log, handle) {
      // An import that leads nowhere would fail in the browser only.
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (log.code !== 'EVAL') handle(level, log);
    },
  });
  rmSync(OUT, { recursive: true, force: true });
  await build.write({ dir: OUT, format: 'esm', sourcemap: true, minify: true, entryFileNames: '[name].js' });
  await build.close();
  for (const name of ['index.html', 'style.css', 'icon.svg']) copyFileSync(join(SOURCES, name), join(OUT, name));
  copyAssets(OUT);
}

/** What the browser modules fetch from beside themselves: into `folder`. */
function copyAssets(folder) {
  for (const weight of [400, 600]) copyFont(`inter-latin-${weight}-normal.woff2`, `${folder}/inter-${weight}.woff2`);
  copyFont('inter-latin-600-normal.woff', `${folder}/inter-600.woff`);
  copyDecoders(folder);
}

/** The package's own browser modules fetch them likewise. */
export function copyModuleAssets() {
  mkdirSync('dist/train/overlay', { recursive: true });
  copyFont('inter-latin-600-normal.woff', 'dist/train/overlay/inter-600.woff');
  copyDecoders('dist/train/image');
}

function copyFont(name, to) {
  copyFileSync(require.resolve(`@fontsource/inter/files/${name}`), to);
}

function copyDecoders(folder) {
  for (const codec of ['openjpeg', 'charls']) {
    copyFileSync(require.resolve(`@cornerstonejs/codec-${codec}/decodewasm`), join(folder, `${codec}.wasm`));
  }
}
