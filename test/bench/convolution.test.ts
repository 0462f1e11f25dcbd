import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactElement, geometryOf } from '../../bench/suites/convolution.js';
import {
  conv2dReference,
  convInputGradientReference,
  convWeightGradientReference,
} from '../../src/kernels/conv2d/reference.js';

const layers = fc.record({
  inC: fc.integer({ min: 1, max: 3 }),
  outC: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 3, max: 6 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  transposed: fc.boolean(),
});

describe('single elements of a convolution and its gradients', () => {
  it('equal the whole in double precision, every one of them', () => {
    fc.assert(
      fc.property(layers, fc.integer({ min: 1, max: 2 }), (layer, batch) => {
        const geometry = geometryOf(layer, batch);
        const { kernel, stride, padding, fineSize, coarseSize, fineC, coarseC } = geometry;
        const operand = (shape: number[], phase: number) => ({
          shape,
          values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.7 + phase)),
        });
        const fine = operand([batch, fineSize, fineSize, fineC], 1);
        const coarse = operand([batch, coarseSize, coarseSize, coarseC], 2);
        const weight = operand([coarseC, kernel, kernel, fineC], 3);
        const wide = ({ shape, values }: typeof fine) => ({ shape, values: Float64Array.from(values) });
        const pair = (n: number) => [n, n] as const;
        const options = { stride: pair(stride), padding: pair(padding), dilation: pair(1), groups: 1 };
        const whole = {
          coarse: conv2dReference(wide(fine), wide(weight), options),
          fine: convInputGradientReference(wide(coarse), wide(weight), options, fine.shape),
          weight: convWeightGradientReference(wide(fine), wide(coarse), options, weight.shape),
        };
        const values = { fine: fine.values, coarse: coarse.values, weight: weight.values };
        expect(whole.coarse.shape).toEqual(coarse.shape);
        for (const result of ['fine', 'coarse', 'weight'] as const) {
          for (const [position, value] of whole[result].values.entries()) {
            expect(exactElement(geometry, values, result, position).value).toBeCloseTo(value, 10);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
