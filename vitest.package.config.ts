import { configDefaults, defineConfig } from 'vitest/config';
import { base } from './vitest.config.js';

/** What is tested of the packed tarball, as somebody else's project installs it: `npm run test:package`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/package/**/*.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
