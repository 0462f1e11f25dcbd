// Compiles src/ to dist/, module by module, with WGSL kernels as text modules. Declarations come from tsc
// (tsconfig.build.json). Takes a fraction of a second, so the npm scripts run it before every command.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const commands = readdirSync('src/cli')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src/cli', file));
const workers = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.worker.ts'))
  .map((file) => join('src', file));

const build = await rolldown({
  input: [
    'src/index.ts',
    'src/model/index.ts',
    'src/train/index.ts',
    'src/engine/gpu-node.ts',
    'src/engine/gpu-browser.ts',
    ...commands,
    ...workers,
  ],
  platform: 'node',
  // Everything that is not a path within src/ stays an import: packages, Node's modules, and `#gpu`, which
  // package.json resolves to the Node or the browser adapter.
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('src/') && !id.startsWith(root),
  moduleTypes: { '.wgsl': 'text' },
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
});
await build.write({
  dir: 'dist',
  format: 'esm',
  preserveModules: true,
  preserveModulesRoot: 'src',
  sourcemap: true,
  entryFileNames: '[name].js',
});
await build.close();
