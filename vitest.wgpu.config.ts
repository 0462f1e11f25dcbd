import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { executable } from './test/wgpu/firefox.js';
import { firefox } from './test/wgpu/firefox-provider.js';
import { base, operationsElsewhere } from './vitest.config.js';

/** The operations on Deno, which runs Vitest itself, or in Firefox, which Vitest on Node drives. */
const operations: TestProjectInlineConfiguration = {
  ...base,
  resolve: { alias: { ...base.resolve?.alias, ...operationsElsewhere.alias } },
  server: operationsElsewhere.server,
  test: { ...base.test, ...operationsElsewhere.test, name: 'operations' },
};

/** The browser bundles, the example and the web tool's page on both, driven from Node. */
const pages: TestProjectInlineConfiguration = {
  ...base,
  test: { ...base.test, name: 'pages', include: ['test/wgpu/**/*.test.ts'] },
};

const inFirefox: TestProjectInlineConfiguration = {
  ...operations,
  test: {
    ...operations.test,
    // Several hundred cases that Deno runs on the same compiler, in a few minutes; here each pipeline takes twice as long.
    exclude: [...(operations.test?.exclude ?? []), 'test/kernels/non-finite.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: firefox(),
      instances: [{ browser: 'firefox' }],
    },
  },
};

const onDeno = 'Deno' in globalThis;
if (!onDeno && !executable) {
  console.warn('There is no Firefox: nothing runs there. scripts/firefox.sh installs it, or FIREFOX names another.');
}

/**
 * What runs on wgpu, the implementation of WebGPU that is not Dawn's: `npm run test:deno` and `npm run test:firefox`. Its compiler,
 * naga, and its validation are others, and it has no subgroups.
 */
export default defineConfig({
  test: {
    reporters: base.test?.reporters,
    projects: onDeno ? [operations] : [pages, ...(executable ? [inFirefox] : [])],
  },
});
