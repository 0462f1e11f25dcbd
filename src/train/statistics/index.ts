export { blandAltman, type MeasurementPair } from './bland-altman.js';
export { normalTwoSided, StatisticsError } from './distributions.js';
export { holmAdjusted } from './holm.js';
export { intraclassCorrelation } from './intraclass.js';
export { averageRanks, rankCorrelation } from './ranks.js';
export {
  type BlandAltman,
  blandAltmanSchema,
  type IntraclassCorrelation,
  iccSchema,
  type SignedRankTest,
  signedRankTestSchema,
} from './schema.js';
export { type SignedRankOptions, wilcoxonSignedRank } from './wilcoxon.js';
