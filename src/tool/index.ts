/** The web tool: its server. The page is built from page/. */
export { DEFAULT_LIMITS, type ServerLimits } from './server/limits.js';
export { type RunningServer, ServeError, type ServeOptions, serve } from './server/serve.js';
