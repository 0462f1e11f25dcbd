export { concat, transpose } from './movement.js';
export { type PadOptions, pad } from './pad.js';
export {
  type AxesOptions,
  type AxisOptions,
  type DiagonalOptions,
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
export { flip, type Padding, type SliceOptions, slice } from './slice.js';
