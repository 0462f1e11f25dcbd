import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { WeightsError } from '../../../src/model/index.js';
import {
  angleOfProgression,
  buildHeatmapReader,
  decodeFrame,
  type Evaluation,
  evaluate,
  gallerySchema,
  type LabelledCase,
  type Landmarks,
  loadNetworkFrames,
  loadRun,
  type NetworkFrame,
  Predictor,
  RunError,
  readDataset,
  readMetricsFile,
  resolveConfig,
  runTraining,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const config = resolveConfig({
  model: { base: 2, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  optimizer: { learningRate: 5e-3 },
  training: { epochs: 2, batchSize: 4, seed: 5 },
  augmentation: { enabled: false },
});
const NAMES = ['ps1', 'ps2', 'fh1'] as const;
/** Pixels of a 512 frame in one of a frame whose shorter side is 64. */
const SCALE = 8;

let device: Device;
let data: string;
let run: string;
let labels: LabelledCase[];
let frames: NetworkFrame[];
let evaluation: Evaluation;
beforeAll(async () => {
  device = await sharedDevice();
  const parent = await temporaryFolder();
  data = join(parent, 'data');
  run = join(parent, 'run');
  await writePhantomSet(data, { train: 6, validation: 2, test: 5 });
  await runTraining({ device, data, config, out: run, stream: new PassThrough() });
  labels = await readDataset(data, 'test');
  frames = await loadNetworkFrames(labels, 32, { keepOriginals: true });
  evaluation = await evaluate({ device, run, split: 'test', frames, pictures: 2 });
});

const json = async (name: string) => JSON.parse(await readFile(join(run, name), 'utf8'));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const apart = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);

/** The rows of predictions.csv with their points as numbers. */
async function predicted(): Promise<{ file: string; landmarks: Landmarks; row: Record<string, string> }[]> {
  const rows: Record<string, string>[] = parse(await readFile(join(run, 'predictions.csv')), { columns: true });
  return rows.map((row) => {
    const point = (name: string) => {
      const [x, y] = row[name].slice(1, -1).split(', ').map(Number);
      return { x, y };
    };
    return { file: row.Filename, landmarks: { ps1: point('PS1'), ps2: point('PS2'), fh1: point('FH1') }, row };
  });
}

describe('evaluate', () => {
  test("predictions.csv has what the network says in each frame's own pixels, beside its truth", async () => {
    const { model } = await loadRun(device, run);
    const predictor = new Predictor(device, model, { size: 32, reader: buildHeatmapReader(config), batchSize: 5 });
    const expected = await predictor.predict(frames.map(({ pixels }) => pixels));
    predictor.dispose();
    model.dispose();
    const rows = await predicted();
    expect(rows.map(({ file }) => file)).toEqual(labels.map(({ file }) => file));
    for (const [i, { landmarks, row }] of rows.entries()) {
      for (const name of NAMES) {
        const network = expected[i].landmarks[name];
        // The network sees columns 16 to 79 of 96 at half the size.
        expect(landmarks[name].x).toBeCloseTo((network.x + 0.5) * 2 - 0.5 + 16, 2);
        expect(landmarks[name].y).toBeCloseTo((network.y + 0.5) * 2 - 0.5, 2);
        const truth = labels[i].landmarks[name];
        const written = `(${Number(truth.x.toFixed(3))}, ${Number(truth.y.toFixed(3))})`;
        expect(row[`${name.toUpperCase()} truth`]).toBe(written);
        expect(Number(row[`${name.toUpperCase()} error (px)`])).toBeCloseTo(apart(landmarks[name], truth), 2);
      }
      expect(Number(row['AoP truth'])).toBeCloseTo(labels[i].aop ?? Number.NaN, 2);
      expect(Number(row['Scale to 512'])).toBe(SCALE);
    }
  });

  test('metrics.json has distances in pixels of a 512 frame and angles in degrees', async () => {
    const { test: metrics } = await json('metrics.json');
    const rows = await predicted();
    const distances = rows.map(({ landmarks }, i) =>
      NAMES.map((name) => SCALE * apart(landmarks[name], labels[i].landmarks[name])),
    );
    expect(metrics.count).toBe(5);
    expect(metrics.apd).toBeCloseTo(mean(distances.flat()), 1);
    for (const [k, name] of NAMES.entries()) {
      expect(metrics.perLandmark[name].apd).toBeCloseTo(mean(distances.map((own) => own[k])), 1);
    }
    const angles = rows.map(({ landmarks }, i) =>
      Math.abs((angleOfProgression(landmarks) ?? Number.NaN) - (angleOfProgression(labels[i].landmarks) ?? Number.NaN)),
    );
    // Predictions are written to thousandths of a pixel, which turns the short rays of a network that knows little.
    expect(metrics.aopMae).toBeCloseTo(mean(angles), 0);
    expect(metrics.intervals.apd.low).toBeLessThanOrEqual(metrics.apd);
    expect(metrics.intervals.apd.high).toBeGreaterThanOrEqual(metrics.apd);
    expect(evaluation.metrics.apd).toBe(metrics.apd);
    expect(metrics.checkpoint).toBe('best');
    expect([1, 2]).toContain(metrics.epoch);
    expect(metrics.environment).toMatchObject({ adapter: device.info.description, node: process.version });
  });

  test('what metrics.json says can be read again', async () => {
    const file = await readMetricsFile(run);
    expect(file).toEqual(await json('metrics.json'));
    expect(file?.test).toEqual(evaluation.metrics);
    expect(file?.test?.mm).toBeUndefined();
  });

  test('apdOfMean is what the mean of the training labels would score', async () => {
    const training = await readDataset(data, 'train');
    const guess = (name: (typeof NAMES)[number]) => ({
      x: mean(training.map(({ landmarks }) => landmarks[name].x)),
      y: mean(training.map(({ landmarks }) => landmarks[name].y)),
    });
    const distances = labels.flatMap(({ landmarks }) =>
      NAMES.map((name) => SCALE * apart(guess(name), landmarks[name])),
    );
    expect((await json('metrics.json')).test.apdOfMean).toBeCloseTo(mean(distances), 6);
  });

  test('the best, median and worst frames are drawn, and on one sheet', async () => {
    const kinds = ['best-1', 'best-2', 'median-1', 'median-2', 'worst-1', 'worst-2', 'sheet'];
    expect(evaluation.pictures).toEqual(kinds.map((kind) => join(run, 'overlays', `${kind}.png`)));
    const files = [...kinds.map((kind) => `${kind}.png`), 'gallery.json'];
    expect((await readdir(join(run, 'overlays'))).sort()).toEqual(files.sort());
    const sizes = await Promise.all(
      evaluation.pictures.map(async (path) => {
        const { width, height, pixels } = await decodeFrame(await readFile(path), path);
        expect(Math.max(...pixels.slice(0, 20_000))).toBeGreaterThan(0);
        return [width, height];
      }),
    );
    // Frames of 96×64 are enlarged six times; the sheet has three rows of two.
    for (const size of sizes.slice(0, -1)) expect(size).toEqual([576, 384]);
    const [width, height] = sizes[sizes.length - 1];
    expect([Math.floor(width / 576), Math.floor(height / 384)]).toEqual([2, 3]);
  });

  test('gallery.json says which frames were drawn, and how far off they are', async () => {
    const gallery = gallerySchema.parse(await json('overlays/gallery.json'));
    const rows = await predicted();
    const apds = rows.map(({ file, landmarks }, i) => {
      return { file, apd: mean(NAMES.map((name) => SCALE * apart(landmarks[name], labels[i].landmarks[name]))) };
    });
    apds.sort((a, b) => a.apd - b.apd);
    const expected = [
      ['best', 1, 0],
      ['best', 2, 1],
      ['median', 1, 1],
      ['median', 2, 2],
      ['worst', 1, 4],
      ['worst', 2, 3],
    ] as const;
    expect(gallery.map(({ kind, place, filename }) => [kind, place, filename])).toEqual(
      expected.map(([kind, place, rank]) => [kind, place, apds[rank].file]),
    );
    for (const [i, { picture, kind, place, filename, apd, aopError }] of gallery.entries()) {
      expect(picture).toBe(`${kind}-${place}.png`);
      expect(apd).toBeCloseTo(apds[expected[i][2]].apd, 1);
      const row = rows.find(({ file }) => file === filename)?.row;
      expect(aopError).toBeCloseTo(Number(row?.['AoP error (degrees)']), 2);
    }
  });

  test('another split stands beside the first, in files of its own, and so does another checkpoint', async () => {
    const cases = await readDataset(data, 'validation');
    const validation = await loadNetworkFrames(cases, 32, { keepOriginals: true });
    const before = await json('metrics.json');
    await evaluate({ device, run, split: 'validation', frames: validation, checkpoint: 'last' });
    const after = await json('metrics.json');
    expect(Object.keys(after)).toEqual(['test', 'validation']);
    expect(after.test).toEqual(before.test);
    expect([after.validation.count, after.validation.checkpoint, after.validation.epoch]).toEqual([2, 'last', 2]);
    const files = await readdir(run);
    expect(files).toContain('predictions-validation.csv');
    expect(await readdir(join(run, 'overlays-validation'))).toContain('worst-2.png');
    // The last epoch's validation, on the same frames with the same weights.
    const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(after.validation.apd).toBeCloseTo(JSON.parse(lines[1]).validationApd, 4);
  });

  test('gives back all memory of the device', async () => {
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    await evaluate({ device, run, split: 'test', frames, pictures: 1 });
    expect(used()).toBeLessThanOrEqual(before);
  });

  test('errors are in millimetres too where the frames say how large their pixels are', async () => {
    const measured = frames.map((frame) => ({
      ...frame,
      original: frame.original && { ...frame.original, spacing: { x: 0.4, y: 0.4 } },
    }));
    const { metrics } = await evaluate({ device, run, split: 'train', frames: measured, pictures: 1 });
    expect(metrics.mm?.count).toBe(5);
    expect(metrics.mm?.apd).toBeCloseTo((0.4 / SCALE) * metrics.apd, 9);
    expect(metrics.mm?.distances.max).toBeCloseTo((0.4 / SCALE) * metrics.distances.max, 9);
  });
});

describe('evaluate refuses, and writes nothing, for', () => {
  /** A copy of the run before it was evaluated, with `spoil` done to it. */
  async function refusal(spoil: (folder: string) => Promise<void>, given = frames): Promise<unknown> {
    const folder = await temporaryFolder();
    for (const name of ['config.json', 'training-set.json', 'best.safetensors']) {
      await writeFile(join(folder, name), await readFile(join(run, name)));
    }
    await spoil(folder);
    const before = await readdir(folder);
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const memory = used();
    const error = await evaluate({ device, run: folder, split: 'test', frames: given }).catch((thrown) => thrown);
    expect(await readdir(folder)).toEqual(before);
    expect(used()).toBeLessThanOrEqual(memory);
    return error;
  }

  test.each([
    [
      'a run without weights',
      (folder: string) => rm(join(folder, 'best.safetensors')),
      RunError,
      /holds no trained model/,
    ],
    [
      'weights cut short',
      (folder: string) => truncate(join(folder, 'best.safetensors'), 5000),
      WeightsError,
      /best\.safetensors: Not a whole safetensors file/,
    ],
    [
      'weights of another model',
      async (folder: string) =>
        writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, model: { ...config.model, base: 3 } })),
      WeightsError,
      /best\.safetensors: The weights belong to another model: enc1\.conv1\.weight is 2×1×3×3 in the file and 3×1×3×3/,
    ],
    [
      'a run that does not know its training frames',
      (folder: string) => rm(join(folder, 'training-set.json')),
      RunError,
      /training-set\.json is missing; give the folder of a run/,
    ],
    [
      'results of earlier evaluations that are damaged, which it would lose',
      (folder: string) => writeFile(join(folder, 'metrics.json'), '{"validation": {'),
      RunError,
      /metrics\.json cannot be read/,
    ],
  ])('%s', async (_, spoil, type, message) => {
    const error = await refusal(spoil);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
  });

  test('no frames, or frames that cannot be drawn', async () => {
    expect(await refusal(async () => {}, [])).toMatchObject({ message: expect.stringMatching(/0 frames/) });
    const bare = frames.map((frame) => ({ ...frame, original: undefined }));
    expect(await refusal(async () => {}, bare)).toMatchObject({ message: expect.stringMatching(/keepOriginals/) });
  });
});
