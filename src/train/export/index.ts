export { ExportError } from './errors.js';
export {
  EXPORT_FORMATS,
  type ExportedRun,
  type ExportFormat,
  type ExportInput,
  exportRunToOnnx,
  exportRunToSafetensors,
  formatOfFile,
  type OnnxExportInput,
} from './export-run.js';
