export { type Kernel, type KernelOptions, kernel } from './kernel.js';
export { type Constants, sections } from './template.js';
export { type UniformFields, type Uniforms, type UniformType, type UniformValues, uniforms } from './uniforms.js';
