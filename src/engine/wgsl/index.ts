export { type Kernel, type KernelOptions, kernel } from './kernel.js';
export { type Constants, sections } from './template.js';
export { type Uniforms, uniforms } from './uniforms.js';
