export { dataCardPage } from './data-card/page.js';
export { makeReport, type Report, type ReportOptions, writeReport } from './report.js';
export { ReportError } from './source/sources.js';
