export { broadcastTo, sum, sumTo } from './broadcast.js';
