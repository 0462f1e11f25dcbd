export { ComparisonError, type ComparisonInput, compare } from './compare.js';
export { conclusionOf, paperOrderInWords, paperOrders } from './order.js';
export {
  type ComparedModel,
  type ComparedRun,
  type Comparison,
  comparisonSchema,
  type Order,
  type OverSeeds,
} from './schema.js';
export { comparisonCsv, comparisonMarkdown, DIFFERENCES, meansInWords, undefinedAngles } from './table.js';
