import { describe, expect, it } from 'vitest';
import { Stream } from '../../../src/train/phantom/random.js';

const draw = (seed: number, index: number, purpose: ConstructorParameters<typeof Stream>[2]) => {
  const stream = new Stream(seed, index, purpose);
  return Array.from({ length: 8 }, () => stream.word()).join();
};

describe('Stream', () => {
  it('is decided by seed, index and purpose, each of them', () => {
    expect(draw(5, 6, 'noise')).toBe(draw(5, 6, 'noise'));
    const others = [
      draw(5, 6, 'noise'),
      draw(5, 6, 'scene'),
      draw(6, 5, 'noise'),
      draw(5, 7, 'noise'),
      draw(5 + 2 ** 32, 6, 'noise'),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it('has uniform and normal deviates with the moments of those, also across neighbouring frames', () => {
    const moments = (values: number[]) => {
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length];
    };
    const first = Array.from({ length: 20_000 }, (_, index) => new Stream(1, index, 'scene').uniform(0, 1));
    const [mean, variance] = moments(first);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
    const stream = new Stream(1, 0, 'noise');
    const [centre, spread] = moments(Array.from({ length: 20_000 }, () => stream.normal(3, 2)));
    expect(Math.abs(centre - 3)).toBeLessThan(0.06);
    expect(Math.abs(spread - 4)).toBeLessThan(0.2);
  });
});
