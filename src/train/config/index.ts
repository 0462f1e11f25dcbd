export { ConfigError, parseConfig, resolveConfig } from './config.js';
export { loadConfig } from './load.js';
export type { TrainingConfig } from './schema.js';
