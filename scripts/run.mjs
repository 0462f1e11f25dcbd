// `node scripts/run.mjs NAME ARGS…`: brings dist/ up to date and runs dist/cli/NAME.js in this process.
import './build.mjs';

const [name, ...args] = process.argv.slice(2);
const command = new URL(`../dist/cli/${name}.js`, import.meta.url);
process.argv = [process.argv[0], command.pathname, ...args];
await import(command.href);
