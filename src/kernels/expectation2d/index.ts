export type { CoordinateGrid } from './coordinate-grid.js';
export { type Expectation2dOptions, expectation2d } from './expectation2d.js';
