// `npm run test:schedules`: the tests of engine and kernels with the roles of a workgroup's invocations exchanged.
import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import { base } from './vitest.config.js';

export default mergeConfig(base, {
  resolve: {
    alias: { '#gpu': fileURLToPath(new URL('./test/support/schedules/gpu.ts', import.meta.url)) },
  },
});
