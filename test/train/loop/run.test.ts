import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  DatasetError,
  ImageError,
  loadNetworkFrames,
  RunFolderError,
  readDataset,
  resolveConfig,
  runEnvironmentSchema,
  runTraining,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { writtenTo } from '../../support/written.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { MARGINS, SIDE, writePhantomSet } from './phantom-set.js';

const config = resolveConfig({
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 2, batchSize: 2, seed: 5 },
});

async function newSet(counts = { train: 5, validation: 2, test: 0 }): Promise<{ data: string; out: string }> {
  const parent = await temporaryFolder();
  const data = join(parent, 'data');
  await writePhantomSet(data, counts);
  return { data, out: join(parent, 'runs', 'first') };
}

async function run(data: string, out: string, signal?: AbortSignal): Promise<string> {
  const stream = new PassThrough();
  await runTraining({ device: await sharedDevice(), data, config, out, stream, signal });
  return writtenTo(stream);
}

describe('runTraining', () => {
  test('leaves configuration, metrics, weights and what the training frames were like', async () => {
    const { data, out } = await newSet();
    await run(data, out);
    expect((await readdir(out)).sort()).toEqual([
      'best.safetensors',
      'calibration.json',
      'config.json',
      'environment.json',
      'events.out.tfevents.sonde',
      'last.safetensors',
      'metrics.csv',
      'metrics.jsonl',
      'run.json',
      'state.safetensors',
      'training-set.json',
    ]);
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toEqual(config);
    // The mean of the labels, brought to the network's square, in pixels of a 512 frame: eight times those of the
    // frame.
    const labels = await readDataset(data, 'train');
    const mean = (of: (label: (typeof labels)[number]) => number) =>
      labels.reduce((sum, label) => sum + of(label), 0) / labels.length;
    const cut = (MARGINS.left + MARGINS.right) / 2;
    const summary = JSON.parse(await readFile(join(out, 'training-set.json'), 'utf8'));
    expect(summary.frames).toBe(5);
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      expect(summary.meanLandmarks[name].x).toBeCloseTo(
        (mean(({ landmarks }) => landmarks[name].x) - cut + 0.5) * 8 - 0.5,
        6,
      );
      expect(summary.meanLandmarks[name].y).toBeCloseTo(
        (mean(({ landmarks }) => landmarks[name].y) + 0.5) * 8 - 0.5,
        6,
      );
    }
  });

  test('leaves when, where and with what it ran', async () => {
    const { data, out } = await newSet();
    const before = Date.now();
    await run(data, out);
    const written = JSON.parse(await readFile(join(out, 'environment.json'), 'utf8'));
    const environment = runEnvironmentSchema.parse(written);
    expect(environment).toMatchObject({ node: process.version, adapter: (await sharedDevice()).info.description });
    expect(Date.parse(environment.date)).toBeGreaterThanOrEqual(before - 1);
    expect(environment.sonde).toMatch(/^\d+\.\d+\.\d+$/);
    expect(environment.commit ?? '0123456789ab').toMatch(/^[0-9a-f]{12}(-dirty)?$/);
  });

  test('tells what happens, also before the first step', async () => {
    const { data, out } = await newSet();
    const lines = (await run(data, out)).trimEnd().split('\n');
    expect(lines[0]).toBe('reading 5 training and 2 validation frames');
    expect(lines[1]).toMatch(/^\d+ kernels compiled after \d+\.\d s; taking the first step$/);
    expect(lines[2]).toMatch(/^first step done after \d+\.\d s$/);
    expect(lines[3]).toMatch(/^note: a batch is made on the device in [\d.]+ ms, [\d.]+ % of a step of [\d.]+ ms$/);
    expect(lines[4]).toMatch(/^epoch 1\/2 {2}loss .* APD [\d.]+ px/);
    expect(lines[5]).toMatch(/^epoch 2\/2 /);
    expect(lines).toHaveLength(6);
  });

  test('leaves no folder where the data cannot be read', async () => {
    const { data, out } = await newSet();
    await expect(run(join(data, 'nowhere'), out)).rejects.toThrow(DatasetError);
    expect(existsSync(out)).toBe(false);
    await truncate(join(data, 'Validation', 'phantom-06.png'), 900);
    await expect(run(data, out)).rejects.toThrow(ImageError);
    expect(existsSync(out)).toBe(false);
  });

  test('trains on cases that are given instead of a folder', async () => {
    const { data, out } = await newSet();
    const pool = [...(await readDataset(data, 'train')), ...(await readDataset(data, 'validation'))];
    const cases = { training: pool.slice(3), validation: pool.slice(0, 3) };
    const stream = new PassThrough();
    await runTraining({ device: await sharedDevice(), data: cases, config, out, stream });
    expect(writtenTo(stream)).toContain('reading 4 training and 3 validation frames');
    expect(JSON.parse(await readFile(join(out, 'training-set.json'), 'utf8')).frames).toBe(4);
  });

  test('leaves no folder when stopped before an epoch is done', async () => {
    const { data, out } = await newSet();
    await expect(run(data, out, AbortSignal.abort(new Error('not now')))).rejects.toThrow('not now');
    expect(existsSync(out)).toBe(false);
  });

  test('refuses a folder that is in use before it reads the data, and leaves it alone', async () => {
    const { data } = await newSet();
    const taken = await temporaryFolder();
    await writeFile(join(taken, 'best.safetensors'), 'precious');
    await expect(run(join(data, 'nowhere'), taken)).rejects.toThrow(RunFolderError);
    expect(await readFile(join(taken, 'best.safetensors'), 'utf8')).toBe('precious');
    expect(await readdir(taken)).toEqual(['best.safetensors']);
  });
});

describe('loadNetworkFrames', () => {
  test('keeps the order of the set, fits frames to the network and landmarks with them', async () => {
    const { data } = await newSet({ train: 12, validation: 0, test: 0 });
    const cases = await readDataset(data, 'train');
    const frames = await loadNetworkFrames(cases, 32);
    expect(frames.map(({ file }) => file)).toEqual(cases.map(({ file }) => file));
    for (const [i, { pixels, size, landmarks, transform, original }] of frames.entries()) {
      expect([pixels.length, size, original]).toEqual([32 * 32, 32, undefined]);
      // Half the size, around the middle of the frame: 16 of its columns are cut off at the left.
      expect(landmarks.fh1.x).toBeCloseTo((cases[i].landmarks.fh1.x - 16 + 0.5) / 2 - 0.5, 9);
      expect(landmarks.fh1.y).toBeCloseTo((cases[i].landmarks.fh1.y + 0.5) / 2 - 0.5, 9);
      expect(transform.toFrame(landmarks.ps1).x).toBeCloseTo(cases[i].landmarks.ps1.x, 9);
    }
  });

  test('keeps the frames as they were where they are asked for', async () => {
    const { data } = await newSet({ train: 2, validation: 0, test: 0 });
    const [frame] = await loadNetworkFrames(await readDataset(data, 'train'), 32, { keepOriginals: true });
    expect([frame.original?.width, frame.original?.height]).toEqual([MARGINS.left + SIDE + MARGINS.right, SIDE]);
  });

  test('names the first case that cannot be used, whichever fails first, and begins no more', async () => {
    const { data } = await newSet({ train: 40, validation: 0, test: 0 });
    const cases = await readDataset(data, 'train');
    // The later one fails at once, as it is not there; the earlier one after decoding, as its label is off the frame.
    const off = { x: 500, y: 5 };
    const broken = cases.map((one, i) => {
      if (i === 3) return { ...one, landmarks: { ...one.landmarks, ps2: off } };
      return i >= 5 ? { ...one, path: join(data, 'gone.png') } : one;
    });
    let begun = false;
    Object.defineProperty(broken[30], 'path', {
      get: () => {
        begun = true;
        return cases[30].path;
      },
    });
    await expect(loadNetworkFrames(broken, 32)).rejects.toThrow(
      /label\.csv, row 5: PS2 \(500, 5\) lies off the frame phantom-03\.png, which is 96×64 pixels/,
    );
    expect(begun).toBe(false);
  });
});
