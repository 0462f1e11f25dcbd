import { expect, test } from 'vitest';
import type { SafetensorsTensors } from '../../../src/model/index.js';
import { resolveConfig } from '../../../src/train/index.js';
import { disposeBatch, openBatchLoader } from '../../../src/train/loop/batch-loader.js';
import { BatchSource } from '../../../src/train/loop/batch-source.js';
import { Learner, weightsToUse } from '../../../src/train/loop/learner.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from './phantom-frames.js';

const settings = { model: { base: 1, depth: 3, inputSize: 32 }, optimizer: { learningRate: 0.05 } };

/** Names of what `average.` or `model.` has. */
const namesOf = (tensors: SafetensorsTensors, prefix: string) =>
  Object.keys(tensors).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));

test('the moving average follows weights and batch-norm statistics from the first step on', async () => {
  const decay = 0.75;
  const config = resolveConfig({ ...settings, training: { batchSize: 2, emaDecay: decay } });
  const device = await sharedDevice();
  const learner = new Learner(device, config);
  const source = new BatchSource(phantomFrames(4, 32), config);
  const loader = await openBatchLoader(device, phantomFrames(4, 32), config);
  const expected = new Map<string, Float64Array>();
  let tensors: SafetensorsTensors = {};
  for (const [step, batch] of [...source.batches(1), ...source.batches(2)].entries()) {
    const loaded = await loader.load(batch);
    await learner.train(loaded, 0.05);
    disposeBatch(loaded);
    tensors = await learner.tensors();
    for (const name of namesOf(tensors, 'model.')) {
      const now = Float64Array.from(tensors[`model.${name}`].data, Number);
      const before = expected.get(name);
      expected.set(name, step === 0 || !before ? now : before.map((value, i) => decay * value + (1 - decay) * now[i]));
    }
  }
  const names = namesOf(tensors, 'average.');
  expect(names).toEqual(namesOf(tensors, 'model.'));
  expect(names).toContain('enc1.bn1.running_var');
  let apart = 0;
  for (const name of names) {
    const average = Float64Array.from(tensors[`average.${name}`].data, Number);
    for (const [i, value] of (expected.get(name) ?? []).entries()) {
      expect(Math.abs(average[i] - value), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
      apart = Math.max(apart, Math.abs(average[i] - Number(tensors[`model.${name}`].data[i])));
    }
  }
  expect(apart).toBeGreaterThan(0.01);
  expect(weightsToUse(tensors)['head.bias']).toEqual(tensors['average.head.bias']);
  learner.dispose();
  loader.dispose();
});

test('without a moving average the weights to use are the weights', async () => {
  const learner = new Learner(await sharedDevice(), resolveConfig({ ...settings, training: { batchSize: 2 } }));
  const tensors = await learner.tensors();
  expect(namesOf(tensors, 'average.')).toEqual([]);
  expect(weightsToUse(tensors)['head.bias']).toEqual(tensors['model.head.bias']);
  learner.dispose();
});
