export { makeReport, type Report, ReportError, type ReportOptions, writeReport } from './report.js';
