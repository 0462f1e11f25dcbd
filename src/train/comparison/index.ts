export { ComparisonError, type ComparisonInput, compare } from './compare.js';
export { conclusionOf, PAPER_ORDER, paperOrders } from './order.js';
export {
  type ComparedModel,
  type ComparedRun,
  type Comparison,
  comparisonSchema,
  type Order,
  type OverSeeds,
} from './schema.js';
export { comparisonCsv, comparisonMarkdown, DIFFERENCES, undefinedAngles } from './table.js';
