export { type CorrectedDifference, compareRuns, type RunComparison } from './compare-runs.js';
export { adjustedPairs, type PairedDifference, pairRuns, type RunPair } from './pairs.js';
