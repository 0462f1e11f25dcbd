export { writeFileAtomically } from './atomic.js';
export { type Prediction, predictionsCsv } from './predictions.js';
export { RunFolder, RunFolderError } from './run-folder.js';
