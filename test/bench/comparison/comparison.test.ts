import { describe, expect, it } from 'vitest';
import { type Pairing, ratiosOf } from '../../../bench/comparison/compare.js';
import { checkLosses } from '../../../bench/comparison/losses.js';
import { bestPairings, formatComparison } from '../../../bench/comparison/table.js';
import { comparedWorks, flopsOf } from '../../../bench/comparison/works.js';
import { permuted, TO_HWIO, TO_NCHW, TO_NHWC } from '../../../bench/peers/layouts.js';
import { adapterSlug } from '../../../bench/results.js';
import { quartiles } from '../../../bench/statistics.js';

const pairing = (peer: string, ours: number, theirs: number): Pairing => ({
  ...{ work: 'matmul 256', pass: 'forward', flops: 2e9, peer, version: '1', wait: 'paced', coldFirst: null, check: '' },
  ...{ ours: quartiles([ours]), theirs: quartiles([theirs]), ratio: quartiles([theirs / ours]) },
});

describe('ratios', () => {
  it('are taken within each pair, so that a disturbance of both cancels', () => {
    const times = [
      [10, 30],
      [100, 300],
      [20, 60],
    ] as const;
    expect(ratiosOf(times)).toMatchObject({ count: 3, min: 3, median: 3, max: 3 });
  });

  it('are of the fastest peer in the table', () => {
    const [slow, fast] = [pairing('slow', 10, 90), pairing('fast', 20, 50)];
    expect(bestPairings([slow, fast])).toEqual([fast]);
    const table = formatComparison({ pairings: [slow, fast], refusals: [] });
    expect(table).toContain('2.50×');
    expect(table).not.toContain('slow');
  });
});

describe('losses', () => {
  it('agree to the roundings of float32', () => {
    expect(checkLosses([0.33, 0.312, 0.296], [0.330001, 0.31201, 0.29603]).valid).toBe(true);
  });

  it.each([
    ['another forward pass', [0.3305, 0.312, 0.296]],
    ['other gradients', [0.33, 0.318, 0.305]],
    ['NaN', [0.33, Number.NaN, 0.296]],
    ['a single step', [0.33]],
  ])('reveal %s', (_, theirs) => {
    expect(checkLosses([0.33, 0.312, 0.296], theirs).valid).toBe(false);
  });
});

describe('works', () => {
  it('count two operations for each multiply-add', () => {
    const works = comparedWorks(false);
    expect(works.filter(({ kind }) => kind === 'convolution')).toHaveLength(12);
    const [step, product, convolution] = works.map(flopsOf);
    expect(step / 1e9).toBeCloseTo(3.45, 1);
    expect(product).toBe(2 ** 31);
    expect(convolution).toBe(2 * 128 * 128 * 64 * 9 * 64);
  });
});

describe('layouts', () => {
  it('are permuted as numpy.transpose does', () => {
    const image = { shape: [1, 2, 3, 4], values: Float32Array.from({ length: 24 }, (_, i) => i) };
    const first = permuted(image, TO_NCHW);
    expect(first.shape).toEqual([1, 4, 2, 3]);
    // Channel 1 of the six pixels.
    expect([...first.values.slice(6, 12)]).toEqual([1, 5, 9, 13, 17, 21]);
    expect(permuted(first, TO_NHWC)).toEqual(image);
    expect(permuted({ shape: [2, 1, 1, 2], values: Float32Array.of(1, 2, 3, 4) }, TO_HWIO).values).toEqual(
      Float32Array.of(1, 3, 2, 4),
    );
  });
});

describe('names of results', () => {
  it.each([
    ['NVIDIA H200', 'nvidia-h200'],
    ['llvmpipe (LLVM 19.1.7, 256 bits)', 'llvmpipe-llvm-19.1.7-256-bits'],
    ['../..', '..-..'],
    ['()', 'unnamed-adapter'],
  ])('%s → %s', (description, slug) => {
    expect(adapterSlug(description)).toBe(slug);
  });
});
