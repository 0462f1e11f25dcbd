export { type MatmulOptions, matmul } from './matmul.js';
export type { KernelVariant } from './variant.js';
