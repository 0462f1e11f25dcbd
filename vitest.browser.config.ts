import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { executable, launchOptions } from './test/browser/chromium.js';
import { base, operationsElsewhere } from './vitest.config.js';

/** The built pages, driven from Node. */
const pages = {
  ...base,
  test: {
    ...base.test,
    name: 'pages',
    include: ['test/browser/**/*.test.ts'],
    exclude: configDefaults.exclude,
    // Two cores may have other things to do.
    expect: { poll: { timeout: 20_000 } },
  },
};

const operations = {
  ...base,
  resolve: { alias: { ...base.resolve?.alias, ...operationsElsewhere.alias } },
  server: operationsElsewhere.server,
  test: {
    ...base.test,
    ...operationsElsewhere.test,
    name: 'operations',
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
