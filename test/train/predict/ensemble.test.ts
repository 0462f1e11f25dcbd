import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import {
  ConfigError,
  createEnsemble,
  decodeFrame,
  encodeGreyPng,
  evaluate,
  generatePhantom,
  loadNetworkFrames,
  type NetworkFrame,
  parsePredictionsCsv,
  predictImages,
  RunError,
  readDataset,
  readEnsemble,
  readMetricsFile,
  resolveConfig,
  runTraining,
  splitMetricsSchema,
  withRun,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const configOf = (seed: number) =>
  resolveConfig({
    model: { base: 1, depth: 3, inputSize: 32 },
    loss: { sigma: 1 },
    training: { epochs: 1, batchSize: 4, seed },
  });
const MEMBERS = ['a', 'b', 'c'];

let device: Device;
let parent: string;
let frames: NetworkFrame[];
const at = (...path: string[]) => join(parent, ...path);
beforeAll(async () => {
  device = await sharedDevice();
  parent = await temporaryFolder();
  await writePhantomSet(at('data'), { train: 4, validation: 2, test: 3 });
  for (const [i, name] of MEMBERS.entries()) {
    const input = { device, data: at('data'), config: configOf(i), out: at('runs', name) };
    await runTraining({ ...input, stream: new PassThrough() });
  }
  frames = await loadNetworkFrames(await readDataset(at('data'), 'test'), 32, { keepOriginals: true });
});
const members = (...names: string[]) => names.map((name) => at('runs', name));
const score = async (run: string, options: object = {}) =>
  evaluate({ device, run, split: 'test', frames, pictures: 1, ...options });

describe('an ensemble', () => {
  test('answers with the mean of its members, and says what each says and scores', async () => {
    await createEnsemble(at('three'), { members: members(...MEMBERS) });
    const { metrics } = await score(at('three'));
    const alone = [];
    for (const name of MEMBERS) alone.push((await score(at('runs', name))).metrics);
    expect(metrics.ensemble?.members).toEqual(alone.map(({ apd, aopMae }, i) => ({ run: MEMBERS[i], apd, aopMae })));
    expect((await readMetricsFile(at('three')))?.test).toEqual(metrics);

    const rows: Record<string, string>[] = parse(await readFile(at('three', 'members.csv')), { columns: true });
    expect(rows.map(({ Filename, Member }) => [Filename, Member])).toEqual(
      frames.flatMap(({ file }) => MEMBERS.map((name) => [file, name])),
    );
    const point = (text: string) => text.slice(1, -1).split(', ').map(Number);
    const table = parsePredictionsCsv(await readFile(at('three', 'predictions.csv'), 'utf8'));
    let disagreement = 0;
    for (const [i, { predicted }] of table.entries()) {
      const own = rows.slice(3 * i, 3 * i + 3).map(({ FH1 }) => point(FH1));
      const [x, y] = [0, 1].map((axis) => (own[0][axis] + own[1][axis] + own[2][axis]) / 3);
      expect(predicted.fh1.x).toBeCloseTo(x, 2);
      expect(predicted.fh1.y).toBeCloseTo(y, 2);
      const squares = own.map(([u, v]) => (u - x) ** 2 + (v - y) ** 2);
      // Eight pixels of a 512 frame in each of these.
      disagreement += (8 * Math.sqrt((squares[0] + squares[1] + squares[2]) / 2)) / 3;
    }
    expect(disagreement).toBeGreaterThan(0.1);
    expect(metrics.ensemble?.disagreement.fh1).toBeCloseTo(disagreement, 1);
  });

  test('of equal members answers as one of them', async () => {
    await createEnsemble(at('equal'), { members: members('a', 'a', 'a') });
    const { metrics } = await score(at('equal'));
    const { metrics: alone } = await score(at('runs', 'a'));
    expect(metrics.apd).toBeCloseTo(alone.apd, 9);
    expect(metrics.aopMae).toBeCloseTo(alone.aopMae ?? Number.NaN, 9);
    expect(metrics.apdOfMean).toBeCloseTo(alone.apdOfMean, 9);
    expect(metrics.ensemble?.disagreement.ps1).toBeCloseTo(0, 9);
    expect(alone.ensemble).toBeUndefined();
  });

  test('keeps what mirrored views score beside what the frames alone do', async () => {
    await createEnsemble(at('flipped'), { members: members('a', 'b') });
    const { metrics: plain } = await score(at('flipped'));
    const { metrics } = await score(at('flipped'), { flips: ['vertical', 'horizontal'] });
    expect(metrics.flips).toEqual(['horizontal', 'vertical']);
    expect(metrics.apd).not.toBe(plain.apd);
    const stored = JSON.parse(await readFile(at('flipped', 'metrics.json'), 'utf8'));
    expect(Object.keys(stored)).toEqual(['test', 'test-tta']);
    expect(splitMetricsSchema.parse(stored['test-tta'])).toEqual(metrics);
    for (const name of ['predictions-tta.csv', 'members-tta.csv']) {
      expect(await readFile(at('flipped', name), 'utf8')).toContain(frames[0].file);
    }
  });

  test('calibrations of mirrored views are not those of the frames alone', async () => {
    await cp(at('runs', 'a'), at('runs', 'd'), { recursive: true });
    const validation = await loadNetworkFrames(await readDataset(at('data'), 'validation'), 32);
    const calibration = async () => ({ split: 'validation' as const, frames: validation });
    await score(at('runs', 'd'), { calibration });
    const { uncalibrated } = await score(at('runs', 'd'), { flips: ['horizontal'] });
    expect(uncalibrated).toMatch(/^The run has no calibration of its predicted errors: no validation frames are given/);
    await score(at('runs', 'd'), { flips: ['horizontal'], calibration });
    const kept = JSON.parse(await readFile(at('runs', 'd', 'calibration.json'), 'utf8'));
    expect(kept.map(({ flips }: { flips?: string[] }) => flips)).toEqual([undefined, ['horizontal']]);
  });

  test('predicts images without a folder of its own', async () => {
    const { pixels } = generatePhantom({ seed: 6, index: 1, difficulty: 0, size: 48 });
    await writeFile(at('image.png'), await encodeGreyPng({ width: 48, height: 48, pixels }));
    const predict = (source: string | readonly string[], out: string) =>
      predictImages(device, source, [at('image.png')], at(out));
    const [together] = await predict(members('a', 'b'), 'out');
    const [[a], [b]] = [await predict(at('runs', 'a'), 'outA'), await predict(at('runs', 'b'), 'outB')];
    expect(together.members).toEqual([a.landmarks, b.landmarks]);
    expect(a.members).toBeUndefined();
    expect(together.landmarks.ps1.x).toBeCloseTo((a.landmarks.ps1.x + b.landmarks.ps1.x) / 2, 9);
    expect(together.confidence.fh1).toBeCloseTo((a.confidence.fh1 + b.confidence.fh1) / 2, 9);
    expect((await decodeFrame(await readFile(together.overlay), 'overlay')).width).toBeGreaterThan(0);
  });

  test('gives back all memory of the device', async () => {
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    await withRun(device, members('a', 'b'), { checkpoint: 'best', flips: ['vertical'] }, ({ predictor }) =>
      predictor.predict(frames.map(({ pixels }) => pixels)),
    );
    expect(used()).toBeLessThanOrEqual(before);
  });

  test('is found where its folder was moved together with its members', async () => {
    await createEnsemble(at('group', 'ensemble'), { members: members('a') });
    const moved = join(await temporaryFolder(), 'moved');
    await cp(parent, moved, { recursive: true });
    expect((await readEnsemble(join(moved, 'group', 'ensemble')))?.members).toEqual([join(moved, 'runs', 'a')]);
    expect(await readEnsemble(at('runs', 'a'))).toBeUndefined();
  });

  test.each<[string, () => Promise<unknown>, typeof RunError | typeof ConfigError, RegExp]>([
    ['no members', () => createEnsemble(at('none'), { members: [] }), RunError, /^An ensemble needs at least one run/],
    [
      'members of other sizes',
      async () => {
        await cp(at('runs', 'a'), at('runs', 'large'), { recursive: true });
        const large = { ...configOf(0), model: { ...configOf(0).model, inputSize: 64 } };
        await writeFile(at('runs', 'large', 'config.json'), JSON.stringify(large));
        await createEnsemble(at('mixed'), { members: members('a', 'large') });
      },
      RunError,
      /runs\/a takes frames of 32 px and .*runs\/large of 64 px; the members of an ensemble take the same\.$/,
    ],
    [
      'a member that is no run',
      () => createEnsemble(at('odd'), { members: [at('data')] }),
      ConfigError,
      /data\/config\.json: the file cannot be read/,
    ],
    [
      'a file that is damaged',
      async () => {
        await createEnsemble(at('damaged'), { members: members('a') });
        await writeFile(at('damaged', 'ensemble.json'), '{"version": 1, "mem');
        await score(at('damaged'));
      },
      RunError,
      /damaged\/ensemble\.json is damaged; delete it and make the ensemble again\.$/,
    ],
  ])('refuses %s', async (_, use, type, message) => {
    const error: unknown = await use().catch((e) => e);
    if (!(error instanceof type)) throw error;
    expect(error.message).toMatch(message);
  });
});
