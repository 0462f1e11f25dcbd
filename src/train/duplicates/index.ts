export { DisjointSets, findNearDuplicates, NEAR_DUPLICATE_BITS, type NearDuplicates } from './near-duplicates.js';
export { HASH_BITS, hashDistance, type PerceptualHash, perceptualHash } from './perceptual-hash.js';
