export {
  EXPORT_FORMATS,
  ExportError,
  type ExportedRun,
  type ExportFormat,
  type ExportInput,
  exportRunToOnnx,
  exportRunToSafetensors,
  formatOfFile,
  type OnnxExportInput,
} from './export-run.js';
