import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as kernels from '../../src/kernels/index.js';

/** Operations of landmarks in images and of training, which other engines do not have. */
const ELSEWHERE = [
  ...[
    'expectation2d',
    'gatherFrames',
    'packFrames',
    'wordsPerFrame',
    'gaussianBlur',
    'greyJitterTables',
    'histogramOf',
  ],
  ...['gaussianHeatmap', 'gaussianTarget', 'peak2d', 'sampleAffine', 'findMatrixUnits', 'tune'],
  ...['Adam', 'AdamW', 'SGD', 'Optimizer', 'MovingAverage', 'LossScaler', 'globalNorm', 'clipByNorm', 'clipWithNorm'],
];

test('docs/engine/operations.md names every operation', () => {
  const text = readFileSync(new URL('../../docs/engine/operations.md', import.meta.url), 'utf8');
  const named = new Set([...text.matchAll(/`(\w+)/g)].map(([, name]) => name));
  const exported = Object.entries(kernels).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(exported.filter((name) => !named.has(name) && !ELSEWHERE.includes(name))).toEqual([]);
});
