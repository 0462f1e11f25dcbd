export { template } from '../engine/template.js';
export { enableHalves, withTypes } from '../engine/types.js';
