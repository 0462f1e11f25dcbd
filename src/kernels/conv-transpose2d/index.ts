export { type ConvTranspose2dOptions, convTranspose2d } from './conv-transpose2d.js';
