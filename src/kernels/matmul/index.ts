export { type MatmulOptions, matmul } from './matmul.js';
export { enableMatrixUnits, type MatrixUnits } from './matrix-units.js';
export type { KernelVariant } from './variant.js';
