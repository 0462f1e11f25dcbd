import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { kernelModules } from './scripts/kernel-text.mjs';
import type { RandomCases } from './test/support/random-cases.js';

/** SONDE_TEST_CASES fresh ones where it is set, the long mode; else always the same `few`. */
export function randomCases(few: number): RandomCases {
  const wanted = process.env.SONDE_TEST_CASES;
  return wanted ? { count: Number(wanted), seed: undefined } : { count: few, seed: 20251122 };
}

/**
 * The tests of the operations once more, on another WebGPU than Dawn's for Node: the same files, with the host's own `navigator.gpu`.
 * Such adapters run on CPU cores and are several times as slow.
 */
export const operationsElsewhere = {
  alias: { '#gpu': fileURLToPath(new URL('./src/engine/gpu-browser.ts', import.meta.url)) },
  test: {
    include: ['test/kernels/**/*.test.ts'],
    // Matrix units are not to be had there, and their tests start another process.
    exclude: [...configDefaults.exclude, 'test/kernels/matrix-units.test.ts'],
    provide: { randomCases: randomCases(3) },
    testTimeout: 600_000,
  },
  // Golden files lie beside the repository.
  server: { fs: { allow: ['.', '../shared'] } },
};

/** What all configurations have in common. One file at a time: pages and other processes share the machine. */
export const base = defineConfig({
  plugins: [kernelModules],
  resolve: {
    alias: {
      '#gpu': fileURLToPath(new URL('./src/engine/gpu-node.ts', import.meta.url)),
      '#codecs': fileURLToPath(new URL('./src/images/codecs-node.ts', import.meta.url)),
      '#font': fileURLToPath(new URL('./src/train/overlay/font-node.ts', import.meta.url)),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    // What needs a real browser or the packed tarball: vitest.browser.config.ts, vitest.package.config.ts.
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/package/**'],
    // One module graph for all files of a process, so that they share a device and its compiled pipelines: on a software
    // driver a pipeline costs a good part of a second, and a process for each file would pay for all of them again.
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    provide: { randomCases: randomCases(16) },
    // No measure of speed, only an end for what hangs: machines may have much else to do.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});

/** `npm test`: two processes, for one leaves half of two cores idle while it waits for the driver and for child processes. */
export default defineConfig({
  ...base,
  test: { ...base.test, fileParallelism: true, maxWorkers: 2 },
});
