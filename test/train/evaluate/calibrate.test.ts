import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { frameUncertainty } from '../../../src/model/index.js';
import {
  buildHeatmapReader,
  buildPredictor,
  type CalibrationFrames,
  calibrateRun,
  DatasetError,
  encodeGreyPng,
  evaluate,
  LANDMARK_NAMES,
  loadCalibrationFrames,
  loadNetworkFrames,
  loadRun,
  type NetworkFrame,
  predictImages,
  readCalibration,
  readDataset,
  resolveConfig,
  runTraining,
  scaleTo512,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const config = resolveConfig({
  model: { base: 2, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 1, batchSize: 4, seed: 5 },
  augmentation: { enabled: false },
});
/** Pixels of a 512 frame in one of a frame whose shorter side is 64. */
const SCALE = 8;
const KEY = { checkpoint: 'best', epoch: 1, decoding: 'dsnt' };

let device: Device;
let data: string;
let trained: string;
let frames: NetworkFrame[];
beforeAll(async () => {
  device = await sharedDevice();
  const parent = await temporaryFolder();
  data = join(parent, 'data');
  trained = join(parent, 'run');
  await writePhantomSet(data, { train: 4, validation: 12, test: 3 });
  await runTraining({ device, data, config, out: trained, stream: new PassThrough() });
  frames = await loadNetworkFrames(await readDataset(data, 'test'), 32, { keepOriginals: true });
});

/** A copy of the run as training leaves it, without its calibration. */
let run: string;
beforeEach(async () => {
  run = await temporaryFolder();
  for (const name of ['config.json', 'training-set.json', 'best.safetensors']) {
    await writeFile(join(run, name), await readFile(join(trained, name)));
  }
});

describe('the calibration of a run', () => {
  test('is fitted on the validation frames when training ends, as by hand', async () => {
    const kept = await readCalibration(trained, KEY);
    expect(kept).toMatchObject({ frames: 12, split: 'validation' });
    expect(kept?.landmarks.ps1.blur).toBeGreaterThan(0);
    expect(await calibrateRun(device, run, await loadCalibrationFrames(data, 32))).toEqual(kept);
    expect(await readCalibration(run, KEY)).toEqual(kept);
  });

  test('is fitted by an evaluation where the run has none, and only there', async () => {
    let loaded = 0;
    const calibration = (): Promise<CalibrationFrames> => {
      loaded += 1;
      return loadCalibrationFrames(data, 32);
    };
    const first = await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1 });
    const second = await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1 });
    expect(loaded).toBe(1);
    expect(first.uncalibrated).toBeUndefined();
    expect(first.metrics.uncertainty?.calibrated).toBeDefined();
    expect(second.metrics.uncertainty).toEqual(first.metrics.uncertainty);
    expect(await readCalibration(run, KEY)).toEqual(await readCalibration(trained, KEY));
  });

  test('is done without where there are no frames for it, which is said', async () => {
    const alone = await evaluate({ device, run, split: 'test', frames, pictures: 1 });
    expect(alone.uncalibrated).toMatch(
      /^The run has no calibration of its predicted errors: no validation frames are given/,
    );
    expect(alone.metrics.uncertainty?.raw.all.count).toBe(9);
    expect(alone.metrics.uncertainty?.calibrated).toBeUndefined();
    const calibration = () => loadCalibrationFrames(join(data, 'nowhere'), 32);
    const { uncalibrated } = await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1 });
    expect(uncalibrated).toMatch(
      /^The run has no calibration .*no frames to fit it on: .*nowhere: there is no such folder/,
    );
    const broken = () => Promise.reject(new TypeError('a fault'));
    await expect(evaluate({ device, run, split: 'test', frames, calibration: broken, pictures: 1 })).rejects.toThrow(
      TypeError,
    );
    await expect(loadCalibrationFrames(join(data, 'nowhere'), 32)).rejects.toThrow(DatasetError);
  });

  test('of an older version is used as it is, and fitted again where there are frames for it', async () => {
    const calibration = () => loadCalibrationFrames(data, 32);
    await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1 });
    const { features, ...older } = (await readCalibration(run, KEY)) ?? {};
    expect(features?.mean.length).toBeGreaterThan(0);
    await writeFile(join(run, 'calibration.json'), JSON.stringify([older]));
    await evaluate({ device, run, split: 'test', frames, pictures: 1 });
    expect(await readCalibration(run, KEY)).toEqual(older);
    await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1 });
    expect((await readCalibration(run, KEY))?.features).toEqual(features);
  });

  test('is another for another decoding', async () => {
    const calibration = () => loadCalibrationFrames(data, 32);
    await evaluate({ device, run, split: 'test', frames, calibration, pictures: 1, decoding: 'argmax' });
    expect(await readCalibration(run, KEY)).toBeUndefined();
    expect(await readCalibration(run, { ...KEY, decoding: 'argmax' })).toMatchObject({ frames: 12 });
  });
});

/** What the network and the run's calibration say about the test frames, in pixels of a 512 frame. */
async function expected() {
  const { model } = await loadRun(device, trained);
  const predictor = buildPredictor(device, config, model);
  expect(buildHeatmapReader(config).decoding).toBe('dsnt');
  const predictions = await predictor.predict(frames.map(({ pixels }) => pixels));
  predictor.dispose();
  model.dispose();
  const calibration = await readCalibration(trained, KEY);
  return predictions.map(({ landmarks, uncertainty }) =>
    frameUncertainty(scaleTo512(landmarks, 32), uncertainty, calibration),
  );
}

describe('how sure the model is', () => {
  test("stands in predictions.csv, in each frame's own pixels", async () => {
    await evaluate({ device, run: trained, split: 'test', frames, pictures: 1 });
    const rows: Record<string, string>[] = parse(await readFile(join(trained, 'predictions.csv')), { columns: true });
    for (const [i, { landmarks, aop, lowConfidence }] of (await expected()).entries()) {
      for (const name of LANDMARK_NAMES) {
        const column = (what: string) => rows[i][`${name.toUpperCase()} ${what}`];
        const { covariance, predictedError, entropy, peakMass } = landmarks[name];
        const [xx, xy, yy] = column('covariance (px²)').slice(1, -1).split(', ').map(Number);
        expect(xx).toBeCloseTo(covariance.xx / SCALE ** 2, 2);
        expect(xy).toBeCloseTo(covariance.xy / SCALE ** 2, 2);
        expect(yy).toBeCloseTo(covariance.yy / SCALE ** 2, 2);
        expect(Number(column('predicted error (px)'))).toBeCloseTo(predictedError / SCALE, 2);
        expect(Number(column('entropy (nats)'))).toBeCloseTo(entropy, 2);
        expect(Number(column('peak mass'))).toBeCloseTo(peakMass, 2);
      }
      expect(Number(rows[i]['AoP sd (degrees)'])).toBeCloseTo(aop?.sd ?? Number.NaN, 2);
      expect(Number(rows[i]['AoP low'])).toBeCloseTo(aop?.low ?? Number.NaN, 2);
      expect(Number(rows[i]['AoP high'])).toBeCloseTo(aop?.high ?? Number.NaN, 2);
      // Twelve validation frames give no threshold.
      expect([rows[i]['Low confidence'], lowConfidence]).toEqual(['', undefined]);
    }
  });

  test("stands in what predict answers, in the image's own pixels", async () => {
    const folder = await temporaryFolder();
    const files = frames.map((_, i) => join(folder, `${i}.png`));
    for (const [i, { original }] of frames.entries()) {
      if (original === undefined) throw new Error('frames were loaded with their originals');
      const pixels = Uint8Array.from(original.pixels, (value) => Math.round(value * 255));
      await writeFile(files[i], await encodeGreyPng({ ...original, pixels }));
    }
    const results = await predictImages(device, trained, files, join(folder, 'out'));
    for (const [i, { landmarks, aop }] of (await expected()).entries()) {
      const { uncertainty, lowConfidence } = results[i];
      // One epoch makes no network to be trusted, whatever is usual for it.
      expect([uncertainty.calibrated, lowConfidence]).toEqual([true, true]);
      expect(uncertainty.distance?.threshold).toBe((await readCalibration(trained, KEY))?.features?.threshold);
      if (results[i].aop !== null) expect(uncertainty.aop?.sd).toBeCloseTo(aop?.sd ?? Number.NaN, 4);
      for (const name of LANDMARK_NAMES) {
        const own = uncertainty.landmarks[name];
        expect(own.predictedError).toBeCloseTo(landmarks[name].predictedError / SCALE, 4);
        expect(own.covariance.xx).toBeCloseTo(landmarks[name].covariance.xx / SCALE ** 2, 4);
        expect(own.entropy).toBeCloseTo(landmarks[name].entropy, 4);
      }
    }
    await rm(join(folder, 'out'), { recursive: true });
    const [plain] = await predictImages(device, run, files.slice(0, 1), join(folder, 'out'));
    expect(plain.uncertainty).toMatchObject({ calibrated: false, distance: null });
    expect(plain.uncertainty.predictedError).not.toBeCloseTo(results[0].uncertainty.predictedError, 2);
  });

  test('marks frames above the threshold', async () => {
    const kept = await readCalibration(trained, KEY);
    const predictedErrors = (await expected()).map(({ predictedError }) => predictedError);
    const threshold = [...predictedErrors].sort((a, b) => a - b)[1] + 1e-6;
    await writeFile(join(run, 'calibration.json'), JSON.stringify([{ ...kept, threshold }]));
    const { metrics } = await evaluate({ device, run, split: 'test', frames, pictures: 1 });
    expect(metrics.uncertainty?.flag).toMatchObject({ threshold, flagged: { count: 1 }, others: { count: 2 } });
    const rows: Record<string, string>[] = parse(await readFile(join(run, 'predictions.csv')), { columns: true });
    expect(rows.map((row) => row['Low confidence'])).toEqual(
      predictedErrors.map((error) => (error > threshold ? 'yes' : 'no')),
    );
  });
});
