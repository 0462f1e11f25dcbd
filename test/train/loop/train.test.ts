import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { asFloat32, decodeSafetensors } from '../../../src/model/index.js';
import {
  loadRun,
  type NetworkFrame,
  RunFolder,
  resolveConfig,
  type TrainingConfig,
  TrainingError,
  type TrainingEvents,
  type TrainingOutcome,
  train,
} from '../../../src/train/index.js';
import { Validator } from '../../../src/train/loop/validator.js';
import { checkedDevice, sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';

interface Settings {
  readonly training?: Partial<TrainingConfig['training']>;
  readonly schedule?: object;
  readonly learningRate?: number;
  readonly augment?: boolean;
  /** Whether batches are made on the device. */
  readonly device?: boolean;
}

function tiny({
  training,
  schedule = {},
  learningRate = 2e-3,
  augment = false,
  device = true,
}: Settings): TrainingConfig {
  return resolveConfig({
    model: { base: 2, depth: 4, inputSize: 32 },
    loss: { sigma: 1 },
    optimizer: { learningRate },
    schedule,
    training: { batchSize: 4, seed: 5, earlyStopPatience: null, ...training },
    augmentation: { enabled: augment, device },
  });
}

const frames = { training: phantomFrames(8, 32), validation: phantomFrames(3, 32, 8) };

interface Run {
  readonly device: Device;
  readonly folder: RunFolder;
  readonly outcome: Promise<TrainingOutcome>;
}

async function start(
  config: TrainingConfig,
  input: { training?: NetworkFrame[]; events?: TrainingEvents; signal?: AbortSignal } = {},
): Promise<Run> {
  const device = await sharedDevice();
  const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), config);
  const outcome = train({ device, config, folder, ...frames, ...input });
  outcome.catch(() => {});
  return { device, folder, outcome };
}

const weightsOf = async (folder: RunFolder, name: string) => decodeSafetensors(await readFile(folder.file(name)));

/** Bytes in use, without those kept for reuse. */
const used = (device: Device) => device.memory().bytes - device.memory().freeBytes;

describe('train', () => {
  test('leaves a line of metrics for every epoch, and the best and the last weights', async () => {
    const { folder, outcome } = await start(tiny({ training: { epochs: 3 } }));
    const { epochs, bestEpoch, bestApd, stoppedEarly } = await outcome;
    expect([epochs, stoppedEarly]).toEqual([3, false]);
    expect((await readdir(folder.path)).sort()).toEqual([
      'best.safetensors',
      'config.json',
      'events.out.tfevents.sonde',
      'last.safetensors',
      'metrics.csv',
      'metrics.jsonl',
      'state.safetensors',
    ]);
    const lines = await folder.readMetrics();
    expect(lines.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual([
        'epoch',
        'learningRate',
        'trainingLoss',
        'trainingExcess',
        'trainingApd',
        'validationLoss',
        'validationExcess',
        'validationApd',
        'validationAopMae',
        'gradientNorm',
        'lossScale',
        'imagesPerSecond',
        'best',
        'time',
      ]);
      for (const [name, value] of Object.entries(line)) {
        if (name !== 'best' && name !== 'time') expect(Number.isFinite(value), name).toBe(true);
      }
      const { trainingLoss, trainingExcess, validationLoss, validationExcess } = line as Record<string, number>;
      // The excess is the part of the loss above a floor, and never negative.
      for (const [loss, excess] of [
        [trainingLoss, trainingExcess],
        [validationLoss, validationExcess],
      ]) {
        expect(excess).toBeGreaterThan(0);
        expect(excess).toBeLessThan(loss);
      }
    }
    // The best epoch is the one with the least distance, and lines say which improved on all before.
    const distances = lines.map(({ validationApd }) => validationApd as number);
    expect(bestApd).toBe(Math.min(...distances));
    expect(distances[bestEpoch - 1]).toBe(bestApd);
    expect(lines.map(({ best }) => best)).toEqual(
      distances.map((apd, i) => distances.slice(0, i).every((earlier) => apd < earlier)),
    );
    expect((await weightsOf(folder, 'best.safetensors')).metadata.epoch).toBe(String(bestEpoch));
    expect((await weightsOf(folder, 'last.safetensors')).metadata.epoch).toBe('3');
  });

  test.each([null, 0.5])(
    'the best weights score what the metrics say of the best epoch (moving average %s)',
    async (emaDecay) => {
      const config = tiny({ training: { epochs: 6, emaDecay }, learningRate: 0.02 });
      const { device, folder, outcome } = await start(config);
      const { bestApd, bestEpoch } = await outcome;
      const { model } = await loadRun(device, folder.path);
      const validator = new Validator(device, model, config);
      const { apd, loss } = await validator.validate(frames.validation);
      expect(apd).toBe(bestApd);
      expect(loss).toBe((await folder.readMetrics())[bestEpoch - 1].validationLoss);
      validator.dispose();
      model.dispose();
    },
  );

  test('overfits a handful of frames', async () => {
    const { folder, outcome } = await start(
      tiny({ training: { epochs: 60, batchSize: 4 }, learningRate: 0.01, schedule: { name: 'constant' } }),
      { training: frames.training.slice(0, 4) },
    );
    await outcome;
    const lines = (await folder.readMetrics()) as Record<string, number>[];
    expect(lines).toHaveLength(60);
    expect(lines[59].trainingExcess).toBeLessThan(0.35 * lines[0].trainingExcess);
    expect(lines[59].trainingApd).toBeLessThan(0.35 * lines[0].trainingApd);
  });

  test('tells the display of every kernel, epoch and step', async () => {
    const heard: string[] = [];
    let images = 0;
    const { outcome } = await start(tiny({ training: { epochs: 2, batchSize: 3 } }), {
      events: {
        compiling: (done, total) => {
          if (done === total) heard.push('compiled');
        },
        beginEpoch: (epoch) => heard.push(`begin ${epoch}`),
        step: (step) => {
          images += step.images;
          heard.push('step');
        },
        endEpoch: ({ best }) => heard.push(`end ${best === true || best === false}`),
      },
    });
    await outcome;
    const steps = ['step', 'step', 'step', 'end true'];
    expect(heard).toEqual(['begin 1', 'compiled', ...steps, 'begin 2', ...steps]);
    // Eight frames in batches of three: the last is filled up with one frame that counts twice.
    expect(images).toBe(2 * 9);
  });

  test('lowers the learning rate as the schedule says, from the epoch after', async () => {
    const { folder, outcome } = await start(
      // Only a loss below half of the best so far counts as better, so that every epoch but the first fails.
      tiny({ training: { epochs: 5 }, learningRate: 1e-3, schedule: { patience: 1, factor: 0.1, threshold: 0.5 } }),
    );
    await outcome;
    const rates = (await folder.readMetrics()).map(({ learningRate }) => learningRate as number);
    for (const [i, expected] of [1e-3, 1e-3, 1e-3, 1e-4, 1e-4].entries()) expect(rates[i]).toBeCloseTo(expected, 12);
  });

  test.each(['apd', 'loss'] as const)('stops after the epochs without a better %s that are borne', async (selectBy) => {
    const { folder, outcome } = await start(
      tiny({ training: { epochs: 200, earlyStopPatience: 2, selectBy }, learningRate: 0.05 }),
    );
    const { epochs, bestEpoch, stoppedEarly } = await outcome;
    expect(stoppedEarly).toBe(true);
    expect(epochs).toBe(bestEpoch + 2);
    const column = selectBy === 'apd' ? 'validationApd' : 'validationLoss';
    const scores = (await folder.readMetrics()).map((line) => line[column] as number);
    expect(scores).toHaveLength(epochs);
    expect(scores[bestEpoch - 1]).toBe(Math.min(...scores));
    const epochOf = async (name: string) => Number((await weightsOf(folder, name)).metadata.epoch);
    expect([await epochOf('best.safetensors'), await epochOf('last.safetensors')]).toEqual([bestEpoch, epochs]);
  });

  test('the same seed gives the same bits after 20 steps with augmentation, another seed others', async () => {
    const run = async (seed: number) => {
      const { folder, outcome } = await start(tiny({ training: { epochs: 10, seed }, augment: true }));
      await outcome;
      const lines = (await folder.readMetrics()).map(({ imagesPerSecond, time, ...line }) => line);
      return { lines, last: await readFile(folder.file('last.safetensors')) };
    };
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(again.last.equals(first.last)).toBe(true);
    expect(again.lines).toEqual(first.lines);
    // Not the bytes: their metadata has the seed.
    const kernel = (bytes: Uint8Array) => {
      const { tensors } = decodeSafetensors(bytes);
      return asFloat32(tensors['dec1.conv1.weight'], 'dec1.conv1.weight');
    };
    expect(kernel(other.last)).not.toEqual(kernel(first.last));
    expect(other.lines).not.toEqual(first.lines);
  });

  test('gives back all memory of the device', async () => {
    const config = tiny({ training: { epochs: 1 } });
    const { device, outcome } = await start(config);
    await outcome;
    const before = used(device);
    const second = await start(config);
    await second.outcome;
    expect(used(device)).toBeLessThanOrEqual(before);
  });

  test('refuses to train or validate on nothing', async () => {
    const device = await sharedDevice();
    const config = tiny({});
    const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), config);
    const empty = (input: object) => train({ device, config, folder, ...frames, ...input });
    await expect(empty({ training: [] })).rejects.toThrow(/0 training and 3 validation frames; give at least one/);
    await expect(empty({ validation: [] })).rejects.toThrow(TrainingError);
  });
});

describe('training that fails', () => {
  /** Frames of which the one in place 5 loses its pixels when `epoch` begins, to be augmented on the CPU. */
  function breaking(epoch: number): { training: NetworkFrame[]; events: TrainingEvents } {
    const training = phantomFrames(8, 32);
    training[5] = { ...training[5], file: 'broken.png' };
    const events = {
      beginEpoch: (begun: number) => void (begun === epoch && training[5].pixels.fill(Number.NaN, 500)),
    };
    return { training, events };
  }

  test('names epoch, batch and files of a loss or gradient that is no number, and keeps the epochs before', async () => {
    const config = tiny({ training: { epochs: 5 }, device: false });
    const warm = await start(config);
    await warm.outcome;
    const before = used(warm.device);

    const { device, folder, outcome } = await start(config, breaking(3));
    await expect(outcome).rejects.toThrow(TrainingError);
    await expect(outcome).rejects.toThrow(
      /^The (loss|gradient norm) became NaN in epoch 3, batch [12] \(([\w.-]+, ){0,3}broken\.png(, [\w.-]+){0,3}\): conv2d \(in enc1\.conv1\) produced NaN or Inf, from inputs argument 0 4×32×32×1, .*; lower the learning rate, or look at these frames\.$/,
    );
    expect((await folder.readMetrics()).map(({ epoch }) => epoch)).toEqual([1, 2]);
    const last = await weightsOf(folder, 'last.safetensors');
    expect(last.metadata.epoch).toBe('2');
    for (const [name, tensor] of Object.entries(last.tensors)) {
      expect(asFloat32(tensor, name).every(Number.isFinite), name).toBe(true);
    }
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.partial'))).toEqual([]);
    expect(used(device)).toBeLessThanOrEqual(before);
  });

  test('in checked mode names the batch and the operation at once', async () => {
    const config = tiny({ training: { epochs: 2 } });
    const diverging = { ...config, optimizer: { ...config.optimizer, learningRate: 1e37 } };
    const device = await checkedDevice();
    const outcome = train({ device, config: diverging, ...frames });
    await expect(outcome).rejects.toThrow(TrainingError);
    await expect(outcome).rejects.toThrow(
      /^Training stopped in epoch 1, batch 2 \(phantom-\d\.png, .*\): \S+ \(in [\w.]+\) produced NaN or Inf, from inputs .*; lower/,
    );
  });

  test('names the batch whose gradient overflows while its loss does not', async () => {
    const config = tiny({ training: { epochs: 1 } });
    // The loss is about 1e37, which float32 holds; the squares of the gradient are not.
    const { outcome } = await start({ ...config, loss: Object.assign({}, config.loss, { lambda: 1e35 }) });
    await expect(outcome).rejects.toThrow(
      /^The gradient norm became (Infinity|NaN) in epoch 1, batch 1 \([^)]+\): sumOfSquares \(in clip\) produced NaN or Inf, /,
    );
  });

  test('names the epoch where validation diverges', async () => {
    const config = tiny({ training: { epochs: 2, batchSize: 8 } });
    const diverging = { ...config, optimizer: { ...config.optimizer, learningRate: 1e37 } };
    const { folder, outcome } = await start(diverging);
    await expect(outcome).rejects.toThrow(
      /^The validation loss became (NaN|-?Infinity) after epoch 1 \(phantom-8\.png, .*\): .* NaN or Inf.*; lower/,
    );
    expect(await folder.readMetrics()).toEqual([]);
  });

  test('stops after the step under way when told to, with the epochs before kept whole', async () => {
    const config = tiny({ training: { epochs: 50 } });
    const warm = await start(tiny({ training: { epochs: 1 } }));
    await warm.outcome;
    const before = used(warm.device);

    const stop = new AbortController();
    let steps = 0;
    const { device, folder, outcome } = await start(config, {
      signal: stop.signal,
      events: {
        step: () => {
          steps += 1;
          if (steps === 3) stop.abort(new Error('enough'));
        },
      },
    });
    await expect(outcome).rejects.toThrow('enough');
    expect(steps).toBe(3);
    expect((await folder.readMetrics()).map(({ epoch }) => epoch)).toEqual([1]);
    expect((await weightsOf(folder, 'last.safetensors')).metadata.epoch).toBe('1');
    expect(used(device)).toBeLessThanOrEqual(before);
  });
});
