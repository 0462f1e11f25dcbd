export { ComparisonError, type ComparisonInput, compare } from './compare.js';
export { conclusionOf, paperOrders } from './order.js';
export {
  type ComparedModel,
  type ComparedRun,
  type Comparison,
  comparisonSchema,
  type Order,
  type OverSeeds,
} from './schema.js';
export { comparisonCsv, comparisonMarkdown } from './table.js';
