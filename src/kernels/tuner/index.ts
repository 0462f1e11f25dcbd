export { type TuneOptions, type TuneReport, tune } from './tune.js';
