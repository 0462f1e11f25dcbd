export { broadcastTo, sum } from './broadcast.js';
