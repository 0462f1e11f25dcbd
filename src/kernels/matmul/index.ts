export type { KernelVariant } from '../implicit-gemm/variants.js';
export { type MatmulOptions, matmul } from './matmul.js';
export { findMatrixUnits, type MatrixUnits } from './matrix-units.js';
