export { concat, transpose } from './movement.js';
export { type PadOptions, pad } from './pad.js';
export {
  type FlattenOptions,
  flatten,
  roll,
  split,
  squeeze,
  stack,
  tile,
  tril,
  triu,
  unsqueeze,
} from './rearrange.js';
export { flip, type SliceOptions, slice } from './slice.js';
