export * from './elementwise/index.js';
export * from './movement/index.js';
export * from './optimizer/index.js';
export * from './reduce/index.js';
