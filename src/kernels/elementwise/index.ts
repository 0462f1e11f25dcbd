export type { Operand } from './broadcasting.js';
export * from './comparison.js';
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
