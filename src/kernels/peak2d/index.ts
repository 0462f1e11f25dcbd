export { peak2d } from './peak2d.js';
