// `node scripts/bench.mjs ARGS…`: bundles bench/, which is no part of the package, with the sources it measures to
// dist-bench/, and runs it in this process.
import { resolve } from 'node:path';
import { bundle } from './bundle.mjs';

await bundle('bench/main.ts', { dir: 'dist-bench' }, { '#gpu': resolve('src/engine/gpu-node.ts') });
const main = new URL('../dist-bench/main.js', import.meta.url);
process.argv[1] = main.pathname;
await import(main.href);
