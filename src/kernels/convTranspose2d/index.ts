export { type ConvTranspose2dOptions, convTranspose2d } from './convTranspose2d.js';
