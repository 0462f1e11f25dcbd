export { type CumsumOptions, cumsum } from './cumsum.js';
