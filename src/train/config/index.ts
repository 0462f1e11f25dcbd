export { ConfigError, loadConfig, parseConfig, resolveConfig } from './config.js';
export type { TrainingConfig } from './schema.js';
