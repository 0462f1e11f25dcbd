// Reads a JSON array of WGSL texts from standard input and prints, as JSON, the errors that Dawn finds in each: a
// process of its own, since it opens Dawn's null backend, which knows every extension and no driver.
import { text } from 'node:stream/consumers';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const sources = JSON.parse(await text(process.stdin));
const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const adapter = await gpu.requestAdapter();
const requiredFeatures = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];
const device = await adapter.requestDevice({ requiredFeatures });
const errors = [];
for (const code of sources) {
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  errors.push(messages.filter(({ type }) => type === 'error').map(({ lineNum, message }) => `${lineNum}: ${message}`));
}
console.log(JSON.stringify(errors));
process.exit(0);
