import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type EpochMetrics,
  evaluateLandmarks,
  meanLandmarks,
  RunFolder,
  resolveConfig,
  TrainingError,
  type TrainingInput,
  train,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';

const SIZE = 32;
const frames = { training: phantomFrames(8, SIZE), validation: phantomFrames(3, SIZE, 8) };

/** A rate at which nothing moves: the network stays as it was drawn, which is worse than the mean position. */
const STILL = 1e-30;
/** One at which the first steps throw the weights far away, and no number is lost. */
const WILD = 3;

function configOf(learningRate: number, training: object) {
  return resolveConfig({
    model: { base: 2, depth: 4, inputSize: SIZE },
    loss: { sigma: 1 },
    optimizer: { learningRate },
    schedule: { name: 'constant' },
    training: { batchSize: 4, seed: 5, earlyStopPatience: null, ...training },
    augmentation: { enabled: false },
  });
}

async function run(config: ReturnType<typeof configOf>, input: Partial<TrainingInput> = {}) {
  const epochs: EpochMetrics[] = [];
  const notes: string[] = [];
  const means: number[] = [];
  const events = {
    note: (text: string) => void notes.push(text),
    endEpoch: (metrics: EpochMetrics, meanApd: number) => {
      epochs.push(metrics);
      means.push(meanApd);
    },
  };
  const outcome = train({ device: await sharedDevice(), config, ...frames, events, ...input });
  const [settled] = await Promise.allSettled([outcome]);
  const error = settled.status === 'rejected' ? settled.reason : undefined;
  return { epochs, notes, means, error, outcome: settled.status === 'fulfilled' ? settled.value : undefined };
}

/** Predicting the mean training landmarks, px of a 512 px frame, by hand. */
function blindApd(): number {
  const scale = 512 / SIZE;
  const at = ({ x, y }: { x: number; y: number }) => ({ x: (x + 0.5) * scale - 0.5, y: (y + 0.5) * scale - 0.5 });
  const truths = (all: typeof frames.training) =>
    all.map(({ landmarks: { ps1, ps2, fh1 } }) => ({ ps1: at(ps1), ps2: at(ps2), fh1: at(fh1) }));
  const predicted = meanLandmarks(truths(frames.training));
  return evaluateLandmarks(truths(frames.validation).map((truth) => ({ predicted, truth }))).apd;
}

test.each([
  ['learns nothing', STILL],
  ['has diverged', WILD],
])('a run that %s is said after three idle epochs and stops after as many as are borne', async (_, learningRate) => {
  const { epochs, notes, means, error } = await run(configOf(learningRate, { epochs: 30, divergencePatience: 5 }));
  const apds = epochs.map(({ validationApd }) => validationApd);
  // The last five are better than none before them, and those before do not have five such in a row.
  const idle = apds.map((apd, i) => i > 0 && apd >= Math.min(...apds.slice(0, i)));
  const inARow: number[] = [];
  for (const one of idle) inARow.push(one ? (inARow.at(-1) ?? 0) + 1 : 0);
  expect([inARow.indexOf(5), epochs.length]).toEqual([epochs.length - 1, epochs.length]);
  for (const mean of means) expect(mean).toBeCloseTo(blindApd(), 6);
  for (const { validationApd } of epochs) expect(validationApd).toBeGreaterThan(means[0]);
  const found = `epochs in a row were better neither than an epoch before nor than predicting the mean position of the training landmarks for every frame, which scores ${means[0].toFixed(2)} px`;
  const said = notes.filter((note) => note.includes('in a row'));
  expect(said).toHaveLength(inARow.filter((count) => count === 3).length);
  for (const note of said) expect(note).toContain(`3 ${found}`);
  expect(error).toBeInstanceOf(TrainingError);
  expect(error.message).toContain(`Training stopped after epoch ${epochs.length}: 5 ${found}`);
  expect(error.message).toContain(`lower optimizer.learningRate (it is ${learningRate})`);
});

test('null bears it, and fewer epochs than tell anything are no reason to complain', async () => {
  const borne = await run(configOf(STILL, { epochs: 6, divergencePatience: null }));
  expect([borne.outcome?.epochs, borne.outcome?.learntNothing]).toEqual([6, false]);
  const short = await run(configOf(STILL, { epochs: 2 }));
  expect([short.outcome?.epochs, short.outcome?.learntNothing]).toEqual([2, false]);
});

test('a run that ends before, and has learnt nothing, says so', async () => {
  const { outcome } = await run(configOf(STILL, { epochs: 3 }));
  expect(outcome).toMatchObject({ epochs: 3, learntNothing: true, meanApd: expect.closeTo(blindApd(), 6) });
});

test('a run that gets better is left alone, though it is not better than the mean position yet', async () => {
  const { outcome, epochs, means } = await run(configOf(1e-2, { epochs: 12, divergencePatience: 4 }));
  expect(outcome?.epochs).toBe(12);
  expect(epochs.slice(0, 5).every(({ validationApd }) => validationApd > means[0])).toBe(true);
});

test('the count goes on where a run is resumed, which may bear more', async () => {
  const patient = (divergencePatience: number | null, epochs: number) => configOf(WILD, { epochs, divergencePatience });
  const whole = await run(patient(4, 30));
  const last = whole.epochs.length;
  const path = join(await temporaryFolder(), 'run');
  const folder = await RunFolder.create(path, patient(4, last - 1));
  expect((await run(patient(4, last - 1), { folder })).error).toBeUndefined();
  const resumed = await RunFolder.create(path, patient(4, 30), { resume: true });
  const { epochs, error } = await run(patient(4, 30), { folder: resumed });
  expect(epochs.map(({ epoch }) => epoch)).toEqual([last]);
  expect(error.message).toBe(whole.error.message);
  const bearing = await RunFolder.create(path, patient(null, last + 2), { resume: true });
  expect((await run(patient(null, last + 2), { folder: bearing })).outcome?.epochs).toBe(last + 2);
});
