export { greyJitterTables, histogramOf } from './grey-jitter.js';
