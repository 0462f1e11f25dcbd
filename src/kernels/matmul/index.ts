export type { KernelVariant } from '../implicit-gemm/variants.js';
export { einsum } from './einsum.js';
export { type MatmulOptions, matmul } from './matmul.js';
export { findMatrixUnits, type MatrixUnits } from './matrix-units.js';
