// How TypeScript and kernels become JavaScript, wherever they go. Makes the root of the repository, from which all
// paths are taken, the working folder.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { kernelModules } from './kernel-text.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** Paths, and what rolldown itself adds for newer syntax. */
const INTERNAL = /^(\.|\/|[A-Z]:|src\/|bench\/|@oxc-project\/runtime\/)/;

/**
 * Packages, Node's modules and names such as `#gpu` stay imports, except those that `alias` leads to a file.
 *
 * @param {string | string[]} input
 * @param {import('rolldown').OutputOptions} output
 * @param {Record<string, string>} alias
 */
export async function bundle(input, output, alias = {}) {
  const build = await rolldown({
    input,
    platform: 'node',
    external: (id) => !INTERNAL.test(id) && !(id in alias),
    // Node 20 does not know `using` yet.
    transform: { target: 'es2022' },
    plugins: [kernelModules],
    resolve: { alias, extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
  });
  await build.write({ format: 'esm', sourcemap: true, entryFileNames: '[name].js', ...output });
  await build.close();
}
