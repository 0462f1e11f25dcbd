import type { Suite } from '../suite.js';
import { bandwidthSuite } from './bandwidth.js';
import { convolutionSuite } from './convolution.js';
import { inferenceSuite } from './inference.js';
import { layersSuite } from './layers.js';
import { matmulSuite } from './matmul.js';
import { scalingSuite } from './scaling.js';
import { stepSuite } from './step.js';

/**
 * In the order in which they run: products first, because the others are measured against them; models before single
 * convolutions, whose kernels they share, so that their first calls are as cold as the driver lets them be.
 */
export const suites: readonly Suite[] = [
  matmulSuite,
  stepSuite,
  inferenceSuite,
  convolutionSuite,
  layersSuite,
  bandwidthSuite,
  scalingSuite,
];
