export { type ResizeBilinearOptions, type ResizeOptions, resizeBilinear, resizeNearest } from './resize2d.js';
