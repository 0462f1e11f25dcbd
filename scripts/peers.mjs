// Installs what `npm run bench -- --peers` and `--plots` need into bench/peers/node_modules, once, and bundles the
// programs there to bench/peers/dist.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.mjs';

const folder = 'bench/peers';
const installed = join(folder, 'node_modules/.package-lock.json');
const wanted = join(folder, 'package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  console.error('Installing the engines to compare with (about 430 MB, once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // onnxruntime-node would fetch a GPU build that is not needed; no other package has a script that matters.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--silent'];
  execFileSync(npm, ['install', '--prefix', folder, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
}

const sonde = { '#gpu': resolve('src/engine/gpu-node.ts') };
/** TensorFlow.js keeps gradients in modules of their own, which only work beside its other modules, not its package. */
const tensorflow = Object.fromEntries(
  ['tfjs-core', 'tfjs-backend-webgpu', 'tfjs-backend-cpu/dist/shared', 'tfjs-core/dist/register_all_gradients'].map(
    (name) => {
      const file = name.includes('/') ? `${name}.js` : `${name}/dist/index.js`;
      return [`@tensorflow/${name}`, resolve(folder, 'node_modules/@tensorflow', file)];
    },
  ),
);
/** Files with a program, and which of their imports lead to sources. */
const programs = [
  [['sonde', 'tensorflow-wasm', 'jax', 'onnxruntime-node', 'onnxruntime-web', 'plots'], sonde],
  [['tensorflow-webgpu'], { ...sonde, ...tensorflow }],
];
for (const [names, alias] of programs) {
  const files = names.map((name) => join(folder, `${name}.ts`));
  await bundle(files, { dir: join(folder, 'dist') }, alias);
}
