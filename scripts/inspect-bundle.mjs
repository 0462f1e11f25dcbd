// Bundles inspect/ with the engine whose kernels it looks at.
import { join, resolve } from 'node:path';
import { bundle } from './bundle.mjs';

/**
 * @param {string[]} modules Of inspect/, without their ending.
 * @param {string} dir Where the bundles go.
 * @param {string} root A folder with inspect/ and src/: that of another commit, to look at its kernels.
 */
export async function bundleInspect(modules, dir, root = '.') {
  await bundle(
    modules.map((name) => resolve(root, 'inspect', `${name}.ts`)),
    { dir },
    {
      '#gpu': resolve(join(root, 'src/engine/gpu-node.ts')),
      '#codecs': resolve(join(root, 'src/images/codecs-node.ts')),
      '#font': resolve(join(root, 'src/train/overlay/font-node.ts')),
    },
  );
}
