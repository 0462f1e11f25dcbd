import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/train/index.js';
import { attainableApd } from '../../../src/train/loop/attainable.js';
import { BatchSource } from '../../../src/train/loop/batch-source.js';
import { planRun } from '../../../src/train/loop/dry-run.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from './phantom-frames.js';

const config = resolveConfig({ training: { batchSize: 8, accumulate: 2, epochs: 30 } });

describe('planRun', () => {
  test('leaves a run alone that is no dry run', () => {
    const plan = planRun(config);
    expect(plan.config).toEqual(config);
    expect([plan.trainingFrames, plan.validationFrames, plan.passes]).toEqual([Infinity, Infinity, 1]);
  });

  test('a fast dev run takes one step, one batch of validation, and stops', () => {
    const plan = planRun(config, { fastDevRun: true });
    expect([plan.trainingFrames, plan.validationFrames, plan.config.training.epochs]).toEqual([16, 8, 1]);
    expect(new BatchSource(phantomFrames(16, 32), plan.config, plan.passes).batches(1)).toHaveLength(1);
  });

  test('overfitting takes whole batches of the first frames as they are, many times an epoch, until they are near', () => {
    const plan = planRun(config, { overfit: 4 });
    expect([plan.trainingFrames, plan.validateOnTraining]).toEqual([4, true]);
    expect(plan.config.augmentation.enabled).toBe(false);
    const batches = new BatchSource(phantomFrames(4, 32), plan.config, plan.passes).batches(2);
    expect(batches).toHaveLength(50);
    for (const { frames } of batches) expect([...frames].sort()).toEqual([0, 1, 2, 3]);
    expect(new Set(batches.map(({ frames }) => frames.join())).size).toBeGreaterThan(10);
    expect([1.01, 0.99].map((validationApd) => plan.stopAfter?.({ validationApd } as never))).toEqual([false, true]);
    // What is kept in the folder is what is done: the plan of a run that is resumed is the same.
    expect(planRun(plan.config, { overfit: 4 }).config).toEqual(plan.config);
    expect(planRun(config, { overfit: 100 }).config.training.batchSize).toBe(8);
  });

  test('refuses what makes no sense', () => {
    expect(() => planRun(config, { overfit: 0 })).toThrow(/cannot overfit 0 frames; give at least 1/);
    expect(() => planRun(config, { overfit: 4, fastDevRun: true })).toThrow(/not both; choose one/);
  });
});

describe('attainableApd', () => {
  const frames = phantomFrames(4, 128);
  const apd = async (settings: object) => attainableApd(await sharedDevice(), resolveConfig(settings), frames);

  test('is next to nothing for DSNT where Gaussians keep off the edges, and more where they are cut off', async () => {
    const [narrow, wide] = [0.7, 4].map((sigma) => apd({ model: { inputSize: 128 }, loss: { sigma } }));
    expect(await narrow).toBeLessThan(0.5);
    expect(await wide).toBeGreaterThan(5);
    expect(await apd({ model: { inputSize: 128, grid: 'pixel-centre' }, loss: { sigma: 0.7 } })).toBeLessThan(0.5);
  });

  test('is some share of a cell for the highest cell', async () => {
    // A cell is 32 px of the 512 frame.
    const coarse = await apd({ model: { architecture: 'deep-unet', inputSize: 128 } });
    expect(coarse).toBeGreaterThan(5);
    expect(coarse).toBeLessThan(16 * Math.SQRT2);
  });
});
