import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import {
  compareRuns,
  createEnsemble,
  evaluate,
  exportRunToSafetensors,
  hashFrames,
  hashWeights,
  loadNetworkFrames,
  type NetworkFrame,
  PredictionsError,
  readDataset,
  resolveConfig,
  runTraining,
  StatisticsError,
  type TrainingConfig,
  writeReport,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const configOf = (epochs: number, changes: object = {}): TrainingConfig =>
  resolveConfig({
    model: { base: 1, depth: 3, inputSize: 32 },
    loss: { sigma: 1 },
    // Every epoch is better than the one before, as far as a rate that is nearly nothing can tell.
    optimizer: { learningRate: 5e-3 },
    training: { epochs, batchSize: 2, seed: 5, selectBy: 'loss', earlyStopPatience: null, ...changes },
  });

let device: Device;
let parent: string;
let data: string;
let frames: NetworkFrame[];
const train = (out: string, config: TrainingConfig, resume = false) =>
  runTraining({ device, data, config, out, resume, stream: new PassThrough().resume() });
const framesOf = async (folder: string, size = 32) =>
  loadNetworkFrames(await readDataset(folder, 'test'), size, { keepOriginals: true });
const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => '',
    (error: Error) => error.message,
  );

beforeAll(async () => {
  device = await sharedDevice();
  parent = await temporaryFolder();
  data = join(parent, 'data');
  await writePhantomSet(data, { train: 4, validation: 2, test: 6 });
  frames = await framesOf(data);
  for (const [name, seed] of [
    ['a', 5],
    ['b', 6],
  ] as const) {
    await train(join(parent, name), configOf(1, { seed }));
    await evaluate({ device, run: join(parent, name), split: 'test', frames });
  }
});

/** A copy of run a, evaluated. */
async function copyOfA(): Promise<string> {
  const folder = join(await temporaryFolder(), 'a');
  await cp(join(parent, 'a'), folder, { recursive: true });
  return folder;
}

describe('scores belong to weights', () => {
  test('predictions and metrics carry the hashes of weights and data, and how heatmaps were read', async () => {
    const run = join(parent, 'a');
    const weights = await hashWeights(run);
    const metrics = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    expect(metrics.test).toMatchObject({ weights, data: hashFrames(frames), decoding: 'dsnt' });
    const rows: Record<string, string>[] = parse(await readFile(join(run, 'predictions.csv')), { columns: true });
    for (const row of rows) {
      expect([row.Decoding, row['Weights SHA-256'], row['Data SHA-256']]).toEqual([
        'dsnt',
        weights,
        hashFrames(frames),
      ]);
    }
  });

  test('the hash of data is the same for every network, and another for other pixels, labels or names', async () => {
    const hash = hashFrames(frames);
    expect(hashFrames(await framesOf(data, 64))).toBe(hash);
    expect(hashFrames([...frames].reverse())).toBe(hash);
    const [first, ...others] = frames;
    const { original } = first;
    if (original === undefined) throw new Error('no original');
    const pixels = Float32Array.from(original.pixels);
    pixels[7] += 1 / 255;
    const changed: NetworkFrame[] = [
      { ...first, original: { ...original, pixels } },
      { ...first, landmarks: { ...first.landmarks, ps1: { x: 1, y: 1 } } },
      { ...first, file: 'other.png' },
    ];
    for (const one of changed) expect(hashFrames([one, ...others])).not.toBe(hash);
  });

  test('after more training statistics and report refuse them, with the command that makes them anew', async () => {
    const run = await copyOfA();
    const other = join(parent, 'b');
    expect((await compareRuns([run, other])).frames).toBe(6);
    const before = await writeReport([run], join(parent, 'report.html'));
    expect(before.notes).toEqual([]);
    await train(run, configOf(3), true);
    const command = `npm run evaluate -- --run ${run} --data ${data} --split test makes it anew.`;
    const refused = compareRuns([run, other]);
    await expect(refused).rejects.toThrow(PredictionsError);
    const message = await messageOf(refused);
    expect(message).toContain(`${run}/predictions.csv is of weights that ${run} no longer has (SHA-256 `);
    expect(message).toContain(command);
    const { notes } = await writeReport([run], join(parent, 'report.html'));
    expect(notes).toEqual([expect.stringMatching(/metrics\.json, test, is of weights that .* no longer has/)]);
    expect(notes[0]).toContain(command);
    const { card } = await exportRunToSafetensors({ run, out: join(parent, 'stale.safetensors') });
    expect(await readFile(card, 'utf8')).toContain('These weights have no scores with decoding');
    await evaluate({ device, run, split: 'test', frames });
    expect((await compareRuns([run, other])).frames).toBe(6);
    expect((await writeReport([run], join(parent, 'report.html'))).notes).toEqual([]);
  });

  test('those of versions that recorded nothing are refused too, and say so', async () => {
    const run = await copyOfA();
    const path = join(run, 'predictions.csv');
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    await writeFile(path, lines.map((line) => line.split(',').slice(0, -3).join(',')).join('\n'));
    expect(await messageOf(compareRuns([run, join(parent, 'b')]))).toMatch(
      /predictions\.csv does not say of which weights it is, as a version of sonde wrote it that did not record that; npm run evaluate/,
    );
    const metrics = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    delete metrics.test.weights;
    await writeFile(join(run, 'metrics.json'), JSON.stringify(metrics));
    const { notes } = await writeReport([run], join(parent, 'report.html'));
    expect(notes).toEqual([expect.stringMatching(/metrics\.json, test, does not say of which weights it is/)]);
  });

  test('a run whose weights are gone keeps its scores', async () => {
    const run = await copyOfA();
    for (const name of ['best', 'last', 'state']) await rm(join(run, `${name}.safetensors`));
    expect((await compareRuns([run, join(parent, 'b')])).frames).toBe(6);
  });

  test('rows of several evaluations in one file are no answer of a run', async () => {
    const run = await copyOfA();
    const [, row] = (await readFile(join(parent, 'b', 'predictions.csv'), 'utf8')).split('\n');
    await appendFile(join(run, 'predictions.csv'), `${row}\n`);
    expect(await messageOf(compareRuns([run, join(parent, 'b')]))).toContain('rows 1 and 7 are of different weights');
  });

  test('runs that saw other pixels under the same names are not compared', async () => {
    const run = await copyOfA();
    const [first, ...others] = frames;
    const { original } = first;
    if (original === undefined) throw new Error('no original');
    const dark = { ...first, original: { ...original, pixels: original.pixels.map((value) => value / 2) } };
    await evaluate({ device, run, split: 'test', frames: [dark, ...others] });
    const refused = compareRuns([run, join(parent, 'b')]);
    await expect(refused).rejects.toThrow(StatisticsError);
    await expect(refused).rejects.toThrow(/frames of the same names whose pixels or labels differ/);
  });

  test('an ensemble is the weights of its members', async () => {
    const members = [await copyOfA(), join(parent, 'b')];
    const folder = join(parent, 'ensemble');
    await createEnsemble(folder, { members });
    await evaluate({ device, run: folder, split: 'test', frames });
    expect((await compareRuns([folder, members[1]])).frames).toBe(6);
    await train(members[0], configOf(3), true);
    expect(await messageOf(compareRuns([folder, members[1]]))).toContain('ensemble no longer has');
  });
});
