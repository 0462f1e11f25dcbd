export { loadNetworkFrames, type NetworkFrame, type TrainingCases } from './frames.js';
export { DatasetError, SPLITS, type Split } from './layout.js';
export { type LoadedCase, loadCase, loadFrame } from './load.js';
export { type LabelledCase, readDataset } from './read.js';
export { type DatasetImage, type DatasetWriter, type WriteOptions, writeDataset } from './write.js';
