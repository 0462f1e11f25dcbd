// Bundles the web tool's page to dist/page: one folder that is served as it is.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { browserBuild } from './browser-build.mjs';

const SOURCES = 'src/tool/page';
const OUT = 'dist/page';
const require = createRequire(import.meta.url);

export async function buildPage() {
  rmSync(OUT, { recursive: true, force: true });
  await browserBuild({ main: join(SOURCES, 'main.tsx') }, { dir: OUT });
  for (const name of ['index.html', 'style.css', 'icon.svg']) copyFileSync(join(SOURCES, name), join(OUT, name));
  copyAssets(OUT);
}

/** What the browser modules fetch from beside themselves: into `folder`. */
function copyAssets(folder) {
  for (const weight of [400, 600]) copyFont(`inter-latin-${weight}-normal.woff2`, `${folder}/inter-${weight}.woff2`);
  copyFont('inter-latin-600-normal.woff', `${folder}/inter-600.woff`);
  copyCodecs(folder);
}

/** The package's own browser modules fetch them likewise. */
export function copyModuleAssets() {
  mkdirSync('dist/train/overlay', { recursive: true });
  copyFont('inter-latin-600-normal.woff', 'dist/train/overlay/inter-600.woff');
  copyCodecs('dist/images');
}

function copyFont(name, to) {
  copyFileSync(require.resolve(`@fontsource/inter/files/${name}`), to);
}

function copyCodecs(folder) {
  for (const codec of ['openjpeg', 'charls']) {
    copyFileSync(require.resolve(`@cornerstonejs/codec-${codec}/decodewasm`), join(folder, `${codec}.wasm`));
  }
}
