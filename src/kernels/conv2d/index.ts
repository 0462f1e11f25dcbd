export { type Conv2dOptions, conv2d } from './conv2d.js';
