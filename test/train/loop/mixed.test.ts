import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeSafetensors } from '../../../src/model/index.js';
import { RunFolder, resolveConfig, train } from '../../../src/train/index.js';
import { findCause } from '../../../src/train/loop/diagnosis.js';
import { Learner } from '../../../src/train/loop/learner.js';
import { matrixUnitsFor } from '../../../src/train/loop/precision.js';
import { buildModel } from '../../../src/train/predict/build.js';
import { sharedDevice, withTraits } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';

const device = await sharedDevice();
const hasHalves = device.traits.f16;
const frames = { training: phantomFrames(8, 32), validation: phantomFrames(3, 32, 8) };

function configOf(training: object = {}, architecture = 'dsnt-deep-unet', loss: object = {}) {
  return resolveConfig({
    model: { architecture, base: 2, inputSize: 32, ...(architecture === 'u-net' ? {} : { depth: 4 }) },
    loss,
    optimizer: { learningRate: 2e-3 },
    schedule: { name: 'constant' },
    training: { precision: 'mixed', batchSize: 4, seed: 5, epochs: 2, earlyStopPatience: null, ...training },
    augmentation: { enabled: false },
  });
}

async function run(training: object = {}, loss: object = {}) {
  const config = configOf(training, undefined, loss);
  const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), config);
  const notes: string[] = [];
  await train({ device, config, folder, ...frames, events: { note: (text) => notes.push(text) } });
  return { folder, notes, lines: await folder.readMetrics() };
}

let restore = () => {};
afterEach(() => {
  restore();
});

describe.skipIf(!hasHalves)('training in mixed precision', () => {
  test('goes as in f32, to the precision of f16, and says what it runs on', async () => {
    const [mixed, full] = [await run(), await run({ precision: 'f32' })];
    expect(mixed.notes.join('\n')).toMatch(/mixed precision, without matrix units: this adapter lists none/);
    expect(full.notes.join('\n')).not.toMatch(/precision/);
    expect(mixed.lines.map(({ lossScale }) => lossScale)).toEqual([1024, 1024]);
    expect(full.lines.map(({ lossScale }) => lossScale)).toEqual([1, 1]);
    for (const [epoch, { trainingLoss }] of full.lines.entries()) {
      const own = Number(mixed.lines[epoch].trainingLoss);
      expect(Math.abs(own / Number(trainingLoss) - 1)).toBeLessThan(1e-2);
      // Rounding shows: it did run in f16.
      expect(own).not.toBe(trainingLoss);
    }
    const weights = decodeSafetensors(await readFile(mixed.folder.file('last.safetensors')));
    expect(new Set(Object.values(weights.tensors).map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
  });

  test('gradients that overflow leave steps out and halve the scale, and each time that is said', async () => {
    const { notes, lines } = await run({ epochs: 1, batchSize: 1 }, { lambda: 2000 });
    const overflows = notes.filter((note) => /overflowed f16 at a loss scale of \d+: .*halved/.test(note));
    expect(overflows.length).toBeGreaterThan(0);
    expect(lines[0].lossScale).toBeLessThan(1024);
    expect(Number.isFinite(lines[0].gradientNorm)).toBe(true);
  });

  test('gradients that overflow at the least scale too end training, with a sentence that says so', async () => {
    const notes: string[] = [];
    const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), configOf());
    const config = configOf({ epochs: 3, batchSize: 1 }, undefined, { lambda: 1e6 });
    const training = train({ device, config, folder, ...frames, events: { note: (text) => notes.push(text) } });
    await expect(training).rejects.toThrow(
      /^The gradient norm became (Infinity|NaN) in epoch 2, batch 3 \(.*\): .* produced NaN or Inf, .*set training\.precision to "f32"\.$/,
    );
    // From 1024 down to 1.
    expect(notes.filter((note) => /overflowed f16/.test(note))).toHaveLength(10);
  });

  test('a weight that f16 cannot hold is named as the cause', async () => {
    const name = 'model.enc2.conv1.weight';
    class Spoilt extends Learner {
      override async tensors() {
        const tensors = await super.tensors();
        const own = tensors[name];
        if (own?.dtype !== 'F32') throw new Error(`there is no ${name}`);
        return { ...tensors, [name]: { ...own, data: own.data.map((value, i) => (i === 3 ? -7e4 : value)) } };
      }
    }
    const learner = new Spoilt(device, configOf());
    const cause = (training: object) => findCause(configOf(training), learner, async () => {});
    expect(await cause({})).toBe(`${name} holds -70000, and f16 ends at 65504`);
    expect(await cause({ precision: 'f32' })).toBeUndefined();
    learner.dispose();
  });

  test('twice the same bits', async () => {
    const [first, second] = [await run({ epochs: 1 }), await run({ epochs: 1 })];
    const bytes = (of: typeof first) => readFile(of.folder.file('last.safetensors'));
    expect((await bytes(first)).equals(await bytes(second))).toBe(true);
  });

  test.each(['deep-unet', 'u-net'])(
    '%s keeps its activations in f16 too, and gives heatmaps of f32',
    (architecture) => {
      const model = buildModel(device, configOf({}, architecture));
      const maps = model.logits(device.zeros([1, 32, 32, 1]), { training: false });
      expect(maps.dtype).toBe('f32');
      model.dispose();
    },
  );

  test('without f16 it stays f32, with one line that says so', async () => {
    restore = withTraits(device, { f16: false });
    const notes: string[] = [];
    await matrixUnitsFor(device, configOf(), (text) => notes.push(text));
    expect(notes).toEqual(['mixed precision is configured, but this adapter has no f16: everything stays f32']);
    const { lines } = await run({ epochs: 1 });
    expect(lines[0].lossScale).toBe(1);
  });

  test('matrix units can be forbidden', async () => {
    const notes: string[] = [];
    const units = await matrixUnitsFor(device, configOf({ matrixUnits: false }), (text) => notes.push(text));
    expect(notes).toEqual(['mixed precision, without matrix units, as configured']);
    expect(units).toBeUndefined();
  });
});
