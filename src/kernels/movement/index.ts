export { concat, pad, type SliceOptions, slice, transpose } from './movement.js';
