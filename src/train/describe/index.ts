export {
  type DataCard,
  type DescribedFrame,
  type DuplicateGroup,
  dataCardSchema,
  type FolderSummary,
  type LabelNoise,
  type Suspect,
} from './card.js';
export { type DescribeOptions, describeData, type SuspectPicture } from './describe.js';
export { formatDataCard } from './format.js';
export { findSuspects, type HeldOutFrame } from './label-noise.js';
