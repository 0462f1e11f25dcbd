export { type ConfigDifference, configDifference, describeDifference } from './compare.js';
export { ConfigError, parseConfig, parseSettings, resolveConfig } from './config.js';
export { loadConfig } from './load.js';
export { overrideSettings } from './overrides.js';
export type { TrainingConfig } from './schema.js';
