export * from './creation.js';
