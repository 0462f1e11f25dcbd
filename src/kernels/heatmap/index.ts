export { type GaussianHeatmapOptions, type GaussianTarget, gaussianHeatmap, gaussianTarget } from './heatmap.js';
