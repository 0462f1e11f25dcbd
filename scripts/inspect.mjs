// `node scripts/inspect.mjs ARGS…`: bundles inspect/, which is no part of the package, to dist-inspect/ and runs it in
// this process.
import { bundleInspect } from './inspect-bundle.mjs';

await bundleInspect(['main', 'collect', 'compile'], 'dist-inspect');
const main = new URL('../dist-inspect/main.js', import.meta.url);
process.argv[1] = main.pathname;
await import(main.href);
