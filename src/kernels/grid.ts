export { linearGrid } from '../engine/grid.js';
