// Compiles src/ to dist/, module by module, with WGSL kernels as text modules. Declarations come from tsc
// (tsconfig.build.json). Takes a fraction of a second, so the npm scripts run it before every command.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { buildPage, copyModuleAssets } from './page.mjs';

const commands = readdirSync('src/cli')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src/cli', file));
const workers = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.worker.ts'))
  .map((file) => join('src', file));

await bundle(
  [
    'src/index.ts',
    'src/model/index.ts',
    'src/train/index.ts',
    'src/engine/gpu-node.ts',
    'src/engine/gpu-browser.ts',
    'src/images/codecs-node.ts',
    'src/images/codecs-browser.ts',
    'src/train/overlay/font-node.ts',
    'src/train/overlay/font-browser.ts',
    ...commands,
    ...workers,
  ],
  { dir: 'dist', preserveModules: true, preserveModulesRoot: 'src' },
);
copyModuleAssets();
await buildPage();
