import { configDefaults, defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** What needs a real browser: `npm run test:browser`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/browser/**/*.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
  },
});
