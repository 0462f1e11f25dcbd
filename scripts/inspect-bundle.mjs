// Bundles inspect/ with the engine whose kernels it looks at.
import { resolve } from 'node:path';
import { bundle } from './bundle.mjs';

/**
 * @param {string[]} modules Of inspect/, without their ending.
 * @param {string} dir Where the bundles go, from the root of the repository.
 */
export async function bundleInspect(modules, dir) {
  await bundle(
    modules.map((name) => resolve('inspect', `${name}.ts`)),
    { dir },
    {
      '#gpu': resolve('src/engine/gpu-node.ts'),
      '#codecs': resolve('src/images/codecs-node.ts'),
      '#font': resolve('src/train/overlay/font-node.ts'),
    },
  );
}
