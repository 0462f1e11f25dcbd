import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { executable, launchOptions } from './test/browser/chromium.js';
import base, { randomCases } from './vitest.config.js';

/** The built pages, driven from Node. */
const pages = {
  ...base,
  test: {
    ...base.test,
    name: 'pages',
    include: ['test/browser/**/*.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
    // Two cores may have other things to do.
    expect: { poll: { timeout: 20_000 } },
  },
};

/** The tests of the operations once more, in a page: the same files, with the browser's WebGPU in the place of Dawn's for Node. */
const operations = {
  ...base,
  resolve: {
    alias: { ...base.resolve?.alias, '#gpu': fileURLToPath(new URL('src/engine/gpu-browser.ts', import.meta.url)) },
  },
  // Golden files lie beside the repository.
  server: { fs: { allow: ['.', '../shared'] } },
  test: {
    ...base.test,
    name: 'operations',
    include: ['test/kernels/**/*.test.ts'],
    // Matrix units are not to be had in a page, and their tests start another process.
    exclude: [...configDefaults.exclude, 'test/kernels/matrix-units.test.ts'],
    // The browser's software adapter is five times as slow as the other.
    provide: { randomCases: randomCases(3) },
    testTimeout: 300_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
};

if (!executable) {
  console.warn(
    'There is no Chromium: nothing of this runs. scripts/chromium.sh installs it, or CHROMIUM names another.',
  );
}

/** What needs a real browser: `npm run test:browser`. */
export default defineConfig({
  test: { reporters: base.test?.reporters, projects: executable ? [pages, operations] : [pages] },
});
