export { template } from '../engine/template.js';
