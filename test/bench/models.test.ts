import { describe, expect, it } from 'vitest';
import {
  type Contraction,
  dsntDeepUNetContractions,
  networkFlops,
  smallUNetContractions,
} from '../../bench/models/arithmetic.js';
import { smallDsntDeepUNet, smallUNet, type Workload } from '../../bench/models/workloads.js';
import { checkCoordinates } from '../../bench/suites/inference.js';
import { groupByOperation } from '../../bench/suites/program.js';
import { checkDescent } from '../../bench/suites/step.js';
import { sharedDevice } from '../support/device.js';

describe('checkDescent', () => {
  it('believes steps whose loss falls', () => {
    expect(checkDescent([2, 1.9, 1.95, 1.5])).toEqual({
      valid: true,
      statement: 'the loss fell from 2.0000 to 1.5000 in 3 steps',
    });
  });

  it('does not believe a loss that stays or rises', () => {
    expect(checkDescent([2, 1.5, 2])).toMatchObject({
      valid: false,
      statement: expect.stringContaining('did not fall'),
    });
    expect(checkDescent([2, 2.5]).valid).toBe(false);
  });

  it('names the step at which it was lost', () => {
    expect(checkDescent([2, Number.NaN, 1])).toEqual({ valid: false, statement: 'the loss of step 2 is NaN' });
  });
});

describe('checkCoordinates', () => {
  // One image, 2 × 3 cells, two points: the second prefers the lower right corner e-fold.
  const shape = [1, 2, 3, 2];
  const logits = Float32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const share = Math.E / (Math.E + 5);
  const other = 1 / (Math.E + 5);
  const x = share + other * (1 + 0 + 0 - 1 - 1);
  const y = share + other * (1 + 1 - 3);

  it('accepts the expectation of the softmax', () => {
    expect(checkCoordinates(logits, shape, Float32Array.from([0, 0, x, y])).valid).toBe(true);
  });

  it.each([0, 1, 2, 3])('finds an error in coordinate %i', (index) => {
    const coordinates = Float32Array.from([0, 0, x, y]);
    coordinates[index] += 2e-4;
    const check = checkCoordinates(logits, shape, coordinates);
    expect(check.valid).toBe(false);
    expect(check.statement).toContain(`point ${index >> 1}, axis ${index & 1}`);
    coordinates[index] = Number.NaN;
    expect(checkCoordinates(logits, shape, coordinates).valid).toBe(false);
  });
});

describe('groupByOperation', () => {
  it('adds up what is called alike, whatever its scope, the dearest first', () => {
    const dispatch = (label: string, milliseconds: number, flops = 0) => ({ label, milliseconds, flops, bytes: 0 });
    const operations = groupByOperation([
      dispatch('enc1.conv1 conv2d', 1, 10),
      dispatch('sum', 4, 3),
      dispatch('enc2.conv1 conv2d', 5, 20),
      dispatch('enc2.conv1.backward conv2d.inputGradient', 1, 30),
    ]);
    expect(operations).toEqual([
      { operation: 'conv2d', dispatches: 2, milliseconds: 6, flops: 30 },
      { operation: 'sum', dispatches: 1, milliseconds: 4, flops: 3 },
      { operation: 'conv2d.inputGradient', dispatches: 1, milliseconds: 1, flops: 30 },
    ]);
  });
});

describe('the arithmetic of a network', () => {
  it('is 3.45 GFLOP for a training step of four images, by which engines were compared', () => {
    expect(4 * smallUNet.flops.step).toBe(3_449_290_752);
  });

  it('leaves out the gradient by the images', () => {
    const contractions = [
      { inC: 1, outC: 2, kernel: 3, pixels: 10 },
      { inC: 2, outC: 5, kernel: 1, pixels: 7 },
    ];
    expect(networkFlops(contractions)).toEqual({ inference: 360 + 140, step: 2 * 360 + 3 * 140 });
  });

  it.each<[Workload, Contraction[]]>([
    [smallUNet, smallUNetContractions(64, 16, 3)],
    [smallDsntDeepUNet, dsntDeepUNetContractions(128, 8, 3)],
  ])('counts the convolutions that $name has', async (workload, contractions) => {
    const { module } = workload.build(await sharedDevice());
    const weights = module.named().filter(({ tensor }) => tensor.shape.length === 4);
    const sizes = weights.map(({ tensor }) => tensor.size);
    module.dispose();
    expect(contractions.map(({ inC, outC, kernel }) => inC * outC * kernel ** 2).sort()).toEqual(sizes.sort());
  });
});
