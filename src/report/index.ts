export { ReportError } from './errors.js';
export { makeReport, type Report, type ReportOptions, writeReport } from './report.js';
