// Prints the final WGSL of the kernels of an expression, with all functions of sonde/engine in scope and `device`:
//   npm run kernels -- "conv2d(device.zeros([1, 64, 64, 16]), device.zeros([32, 3, 3, 16]), { padding: 1 })"
// With gradients the argument needs a name:
//   npm run kernels -- "((x) => gradients(sum(square(x)), [x]))(device.zeros([8]))"
import './build.mjs';

const [expression] = process.argv.slice(2);
if (!expression) {
  console.error('npm run kernels -- "EXPRESSION": which kernels? For example "relu(device.zeros([8]))".');
  process.exit(2);
}
const sonde = await import(new URL('../dist/index.js', import.meta.url).href);
const device = await sonde.openDevice();
const names = [...Object.keys(sonde), 'device'];
const evaluate = new Function(...names, `return (${expression});`);
const compiled = sonde.compile(() => evaluate(...Object.values(sonde), device), { device });
for (const { label, source } of await compiled.kernels()) console.log(`// ${label}\n${source}\n`);
device.close();
