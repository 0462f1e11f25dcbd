export { type CheckOptions, checkData } from './check.js';
export { formatDataReport } from './format.js';
export { type DataReport, dataReportSchema, type Finding, type FindingKind, type Severity } from './report.js';
