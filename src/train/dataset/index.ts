export { type Corrections, correctionsSchema, readCorrections } from './corrections.js';
export { loadNetworkFrames, type NetworkFrame, type TrainingCases } from './frames.js';
export { DatasetError, SPLITS, type Split } from './layout.js';
export { type LoadedCase, loadCase, loadFrame } from './load.js';
export { type LabelledCase, readDataset } from './read.js';
export { type DataSource, parseDataSource } from './sources.js';
export { type DatasetImage, type DatasetWriter, type WriteOptions, writeDataset } from './write.js';
