export { embedding, gather, scatterAdd, takeAlongAxis } from './gather.js';
export {
  type ArgOptions,
  argmax,
  argmin,
  oneHot,
  type Selection,
  sort,
  type TopKOptions,
  topK,
} from './select.js';
export { argsort, type SortOptions } from './sort.js';
