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
export * from './mathematics.js';
export { pointwise } from './pointwise.js';
