import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { DeepUNet, DsntDeepUNet, UNet } from '../../../src/model/index.js';
import {
  buildModel,
  evaluate,
  loadNetworkFrames,
  loadRun,
  type NetworkFrame,
  predictImages,
  readDataset,
  resolveConfig,
  runTraining,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { writtenTo } from '../../support/written.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { SIDE, writePhantomSet } from './phantom-set.js';

describe('buildModel', () => {
  test('makes the network that the configuration names, as it says', async () => {
    const device = await sharedDevice();
    const built = (model: object) => {
      const network = buildModel(device, resolveConfig({ model: { base: 1, ...model } }));
      const { inChannels } = network;
      const names = network.named().map(({ name }) => name.split('.')[0]);
      network.dispose();
      return { kind: network.constructor, inChannels, parts: [...new Set(names)] };
    };
    expect(built({})).toMatchObject({ kind: DsntDeepUNet, inChannels: 1 });
    expect(built({ architecture: 'deep-unet' })).toMatchObject({ kind: DeepUNet, inChannels: 1 });
    expect(built({ architecture: 'u-net' })).toMatchObject({ kind: UNet, inChannels: 3 });
    expect(built({ preset: 'full', depth: 3, inChannels: 3 })).toEqual({
      kind: DsntDeepUNet,
      inChannels: 3,
      parts: ['enc1', 'enc2', 'enc3', 'dec1', 'dec2', 'dec3', 'head'],
    });
    expect(built({ architecture: 'u-net', depth: 2 }).parts).toEqual([
      'enc1',
      'enc2',
      'bottleneck',
      'dec1',
      'dec2',
      'head',
    ]);
  });
});

describe('a network trained on heatmaps', () => {
  // 48 px make 6 cells of 8 px, so that the two readings of a highest cell differ by a known distance.
  const SIZE = 48;
  const config = resolveConfig({
    model: { architecture: 'u-net', base: 2, depth: 2, inputSize: SIZE },
    loss: { sigma: 1 },
    optimizer: { learningRate: 0.01, clipNorm: null },
    schedule: { name: 'step', every: 2, factor: 0.1 },
    training: { epochs: 3, batchSize: 4, earlyStopPatience: null, recompute: true },
    augmentation: { enabled: false },
  });
  let device: Device;
  let data: string;
  let run: string;
  let frames: NetworkFrame[];
  let lines: Record<string, number>[];
  let progress: string;
  beforeAll(async () => {
    device = await sharedDevice();
    const parent = await temporaryFolder();
    [data, run] = [join(parent, 'data'), join(parent, 'run')];
    await writePhantomSet(data, { train: 8, validation: 3, test: 4 });
    const stream = new PassThrough();
    await runTraining({ device, data, config, out: run, stream });
    progress = writtenTo(stream);
    const log = await readFile(join(run, 'metrics.jsonl'), 'utf8');
    lines = log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    frames = await loadNetworkFrames(await readDataset(data, 'test'), SIZE, { keepOriginals: true });
  });

  const metrics = async () => JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
  const points = async (decoding?: 'argmax-biased' | 'dsnt') => {
    const file = join(data, 'Testing', frames[0].file);
    const [{ landmarks, confidence }] = await predictImages(device, run, [file], join(run, 'out'), { decoding });
    return { landmarks, confidence };
  };

  test('has a loss that is all excess, said once, and falls', () => {
    for (const line of lines) {
      expect(line.trainingExcess).toBe(line.trainingLoss);
      expect(line.validationExcess).toBe(line.validationLoss);
    }
    expect(lines[2].trainingLoss).toBeLessThan(lines[0].trainingLoss);
    expect(progress).toMatch(/loss 0\.\d+ {2}validation 0\.\d+ {2}APD/);
  });

  test('lowers its learning rate by the step decay', () => {
    expect(lines.map(({ learningRate }) => learningRate)).toEqual([0.01, 0.01, expect.closeTo(0.001, 12)]);
  });

  test('comes back from its folder with its weights', async () => {
    const { model, metadata } = await loadRun(device, run);
    expect(model).toBeInstanceOf(UNet);
    expect(lines.map(({ epoch }) => String(epoch))).toContain(metadata.epoch);
    model.dispose();
  });

  test('is read by its highest cell, or as the baseline does, half a cell left of and above it', async () => {
    const own = await points();
    const biased = await points('argmax-biased');
    const scale = SIDE / SIZE;
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      for (const axis of ['x', 'y'] as const) {
        expect(own.landmarks[name][axis] - biased.landmarks[name][axis]).toBeCloseTo(3.5 * scale, 4);
      }
      expect(own.confidence[name]).toBe(biased.confidence[name]);
      expect(own.confidence[name]).toBeGreaterThanOrEqual(0);
      expect(own.confidence[name]).toBeLessThanOrEqual(1);
    }
  });

  test('another reading is scored beside its own, in files of its own', async () => {
    const own = await evaluate({ device, run, split: 'test', frames, pictures: 1 });
    const other = await evaluate({ device, run, split: 'test', frames, pictures: 1, decoding: 'argmax-biased' });
    expect(own.metrics.decoding).toBe('argmax');
    expect(other.metrics.decoding).toBe('argmax-biased');
    expect(other.metrics.apd).not.toBe(own.metrics.apd);
    const { test, 'test-argmax-biased': beside } = await metrics();
    expect([test.apd, beside.apd]).toEqual([own.metrics.apd, other.metrics.apd]);
    expect(existsSync(join(run, 'predictions-argmax-biased.csv'))).toBe(true);
    expect(other.pictures[0]).toContain('overlays-argmax-biased');
  });

  test('the expectation of its softmax says next to nothing: the middle of the frame, and little confidence', async () => {
    const { landmarks, confidence } = await points('dsnt');
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      // The picture's square begins at column 20 of the frame.
      expect(Math.abs(landmarks[name].x - 20 - (SIDE - 1) / 2)).toBeLessThan(8);
      expect(Math.abs(landmarks[name].y - (SIDE - 1) / 2)).toBeLessThan(8);
      expect(confidence[name]).toBeLessThan(0.5);
    }
  });
});
