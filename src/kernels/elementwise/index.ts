export * from './activation.js';
export type { Operand } from './broadcasting.js';
export * from './comparison.js';
export type { PointwiseAttributes, PointwiseDefinition } from './definition.js';
export {
  abs,
  add,
  clamp,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  sigmoid,
  sign,
  sqrt,
  square,
  sub,
  tanh,
} from './elementwise.js';
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  cos,
  cosh,
  erf,
  expm1,
  floor,
  log1p,
  mod,
  pow,
  reciprocal,
  round,
  rsqrt,
  sin,
  sinh,
  tan,
  trunc,
} from './mathematics.js';
export { pointwise } from './pointwise.js';
