import { existsSync } from 'node:fs';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeSafetensors } from '../../../src/model/index.js';
import {
  CheckpointError,
  decodeState,
  encodeState,
  RunFolder,
  resolveConfig,
  STATE_FILE,
  type TrainingConfig,
  type TrainingInput,
  type TrainingOutcome,
  train,
} from '../../../src/train/index.js';
import { limitedDevice, sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';
import { runContents } from './run-contents.js';

const frames = { training: phantomFrames(7, 32), validation: phantomFrames(3, 32, 8) };

/**
 * Everything that has a state of its own takes part: schedule, early stop, moving average, accumulation, augmentation.
 */
const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  optimizer: { learningRate: 0.02 },
  schedule: { name: 'plateau', patience: 0, threshold: 0.2 },
  training: { epochs: 3, batchSize: 2, accumulate: 2, seed: 5, emaDecay: 0.5, earlyStopPatience: 2 },
} as const;
const config = resolveConfig(settings);
/** Steps of an epoch: seven frames, four at a time. */
const STEPS = 2;

const newFolder = async (own: TrainingConfig = config) => RunFolder.create(join(await temporaryFolder(), 'run'), own);
const resumed = (folder: RunFolder, own: TrainingConfig = config) =>
  RunFolder.create(folder.path, own, { resume: true });
const run = async (folder: RunFolder, input: Partial<TrainingInput> = {}) =>
  train({ device: await sharedDevice(), config, folder, ...frames, ...input });

let whole: { readonly folder: RunFolder; readonly outcome: TrainingOutcome };
let uninterrupted: Awaited<ReturnType<typeof runContents>>;
beforeAll(async () => {
  const folder = await newFolder();
  whole = { folder, outcome: await run(folder) };
  uninterrupted = await runContents(folder.path);
  // Otherwise there would be less to lose.
  expect(uninterrupted.metrics).toHaveLength(3);
  expect(new Set(uninterrupted.metrics.map(({ learningRate }) => learningRate)).size).toBeGreaterThan(1);
});

/** Aborts once `steps` of this process are done. */
function stopping(steps: number): Partial<TrainingInput> {
  const controller = new AbortController();
  let done = 0;
  const step = () => {
    done += 1;
    if (done === steps) controller.abort(new Error('stopped'));
  };
  return { signal: controller.signal, events: { step } };
}

/** Trains to the end in processes that are stopped after so many steps each. @returns how often that was */
async function runInPieces(folder: RunFolder, steps: number, own: TrainingConfig = config): Promise<number> {
  let stops = 0;
  for (let current = folder; ; current = await resumed(folder, own)) {
    const ended = await run(current, { config: own, ...stopping(steps) }).catch((error: Error) => error);
    if (!(ended instanceof Error)) return stops;
    expect(ended.message).toBe('stopped');
    stops += 1;
  }
}

describe('a run that was stopped by its signal', () => {
  test('after every step goes on with the same bits', async () => {
    const folder = await newFolder();
    // In the middle of an epoch, and behind its last step but before its validation.
    expect(await runInPieces(folder, 1)).toBe(3 * STEPS);
    expect(await runContents(folder.path)).toEqual(uninterrupted);
  });

  test('keeps the step under way and the epochs before, and weights to use only of whole epochs', async () => {
    const folder = await newFolder();
    await expect(run(folder, stopping(STEPS + 1))).rejects.toThrow('stopped');
    const { position, metrics, last } = await runContents(folder.path);
    expect([position.epoch, position.batch, position.steps]).toEqual([1, 1, STEPS + 1]);
    expect(metrics).toEqual(uninterrupted.metrics.slice(0, 1));
    expect(last.epoch).toBe('1');
  });
});

/** A folder whose operation number `at` on files fails before it is done, as if power had gone. */
function failing(folder: RunFolder, at: number): RunFolder {
  let count = 0;
  return new Proxy(folder, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (name !== 'write' && name !== 'appendMetrics' && name !== 'replaceMetrics') return member;
      return async (...args: unknown[]) => {
        count += 1;
        if (count >= at) throw new Error('power');
        await member.apply(target, args);
      };
    },
  });
}

/**
 * What was written last is told by nothing before it: metrics of weights that are there, weights of an epoch that
 * counts.
 */
async function expectInOrder(folder: RunFolder): Promise<void> {
  const epochOf = async (name: string) => {
    if (!existsSync(folder.file(name))) return 0;
    const { metadata } = decodeSafetensors(await readFile(folder.file(name)));
    return name === STATE_FILE ? JSON.parse(metadata.position).epoch : Number(metadata.epoch);
  };
  const epochs = [STATE_FILE, 'last.safetensors', 'best.safetensors'].map(epochOf);
  const [state, last, best] = await Promise.all(epochs);
  const lines = await folder.readMetrics();
  expect(state - last === 0 || state - last === 1, `state of epoch ${state}, last weights of ${last}`).toBe(true);
  expect(best).toBeLessThanOrEqual(last);
  expect(lines.length).toBeLessThanOrEqual(last);
  expect(best).toBeGreaterThanOrEqual(Number(lines.findLast((line) => line.best)?.epoch ?? 0));
}

test('a run that ends abruptly before its first, second, third … write goes on with the same bits', async () => {
  let folder = await newFolder();
  // One run. A process begins with none or two or three writes of recovering, and each epoch takes three or four: the
  // state, the weights, of the best epoch twice, and the metrics.
  for (const at of [1, 2, 3, 2, 3, 6, 5]) {
    const broken = failing(folder, at);
    await expect(run(broken)).rejects.toThrow('power');
    await expectInOrder(folder);
    folder = await resumed(folder);
  }
  await run(folder);
  expect(await runContents(folder.path)).toEqual(uninterrupted);
});

test('a run in mixed precision goes on with the loss scale that it had', async () => {
  const mixed = resolveConfig({ ...settings, training: { ...settings.training, epochs: 2, precision: 'mixed' } });
  const straight = await newFolder(mixed);
  await run(straight, { config: mixed });
  const contents = await runContents(straight.path);
  const folder = await newFolder(mixed);
  expect(await runInPieces(folder, STEPS, mixed)).toBe(2);
  expect(await runContents(folder.path)).toEqual(contents);
  // Without f16 all of it is f32, and there is no scale.
  const scale = (await sharedDevice()).traits.f16 ? 1024 : 1;
  expect(contents.metrics.at(-1)?.lossScale).toBe(scale);
});

test('a run whose batches were split because they did not fit goes on with the same parts', async () => {
  const whole = resolveConfig({
    ...settings,
    model: { base: 8, depth: 3, inputSize: 32 },
    training: { ...settings.training, epochs: 2, batchSize: 6, accumulate: 1 },
  });
  const small = await limitedDevice(40_000);
  const notes: string[] = [];
  const uncut = await newFolder(whole);
  await run(uncut, { device: small, config: whole, events: { note: (text) => notes.push(text) } });
  expect(notes).toContainEqual(expect.stringMatching(/a batch of 6 frames does not fit .* split into 2 parts of 3/));

  const folder = await newFolder(whole);
  await expect(run(folder, { device: small, config: whole, ...stopping(1) })).rejects.toThrow('stopped');
  // It does not try the whole batch again, which might fit now: batch norm would see other batches then.
  const again = { note: (text: string) => expect(text).not.toContain('does not fit') };
  await run(await resumed(folder, whole), { device: small, config: whole, events: again });
  small.close();
  expect(await runContents(folder.path)).toEqual(await runContents(uncut.path));
});

describe('resuming', () => {
  test('a run that is complete changes nothing', async () => {
    expect(await run(await resumed(whole.folder))).toEqual(whole.outcome);
    expect(await runContents(whole.folder.path)).toEqual(uninterrupted);
  });

  test('with more epochs extends it as if it had had them from the start', async () => {
    const patient = { ...settings.training, earlyStopPatience: null };
    const [shorter, longer] = [2, 4].map((epochs) => resolveConfig({ ...settings, training: { ...patient, epochs } }));
    const whole = await newFolder(longer);
    await run(whole, { config: longer });
    const folder = await newFolder(shorter);
    expect((await run(folder, { config: shorter })).epochs).toBe(2);
    expect((await run(await resumed(folder, longer), { config: longer })).epochs).toBe(4);
    expect(await runContents(folder.path)).toEqual(await runContents(whole.path));
  });

  test('says where it resumes, and what may cost the last bits', async () => {
    const folder = await newFolder();
    await expect(run(folder, stopping(STEPS + 1))).rejects.toThrow('stopped');
    const state = decodeState(await readFile(folder.file(STATE_FILE)), STATE_FILE);
    const { adapter } = state.run;
    const notesWith = async (changed: object) => {
      await folder.write(STATE_FILE, encodeState({ ...state, run: { ...state.run, ...changed } }));
      const notes: string[] = [];
      const events = { note: (text: string) => notes.push(text) };
      await expect(run(folder, { events, signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
      return notes;
    };
    const where = 'resuming after epoch 1 and 1 steps of the next';
    expect(await notesWith({})).toEqual([where]);
    expect(await notesWith({ adapter: 'a better one' })).toEqual([
      where,
      `the state was written on a better one; on ${adapter} results may differ in the last bits`,
    ]);
    expect(await notesWith({ kernels: '' })).toEqual([
      where,
      'kernels have been tuned since the state was written; results may differ in the last bits',
    ]);
  });

  test('drops half a line of metrics', async () => {
    const folder = await newFolder();
    await expect(run(folder, stopping(STEPS + 1))).rejects.toThrow('stopped');
    await appendFile(folder.file('metrics.jsonl'), '{"epoch":2,"lo');
    await run(await resumed(folder));
    expect(await runContents(folder.path)).toEqual(uninterrupted);
  });

  test('refuses a state of another configuration, of other frames, or none, and leaves it as it is', async () => {
    const folder = await newFolder();
    await expect(run(folder, stopping(STEPS + 1))).rejects.toThrow('stopped');
    const state = await readFile(folder.file(STATE_FILE));

    const other = resolveConfig({ ...settings, loss: { sigma: 1.5 } });
    const foreign = await newFolder(other);
    await foreign.write(STATE_FILE, state);
    const refused = run(foreign, { config: other });
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(/another configuration \(loss\.sigma is 1 there and 1\.5 here\); resume it/);

    const swapped = { training: [...frames.training].reverse() };
    await expect(run(await resumed(folder), swapped)).rejects.toThrow(
      /state of a run on other frames; give the data set/,
    );
    expect(await readFile(folder.file(STATE_FILE))).toEqual(state);

    await truncate(folder.file(STATE_FILE), 5000);
    await expect(run(folder)).rejects.toThrow(
      /state\.safetensors cannot be resumed from: Not a whole safetensors file/,
    );
    await writeFile(folder.file(STATE_FILE), await readFile(folder.file('last.safetensors')));
    await expect(run(folder)).rejects.toThrow(
      /cannot be resumed from: it is not a "sonde training state 1"; start a new run/,
    );
  });
});

test('without a folder nothing is written, and the outcome is the same', async () => {
  expect(await run(await newFolder(), { folder: undefined })).toEqual(whole.outcome);
});

test('a run ends after the epoch that its caller wants to be the last', async () => {
  const folder = await newFolder();
  const asked: number[] = [];
  const stopAfter: TrainingInput['stopAfter'] = async ({ epoch, validationApd }) => {
    asked.push(epoch);
    expect(validationApd).toBe((await folder.readMetrics()).at(-1)?.validationApd);
    return epoch === 2;
  };
  const outcome = await run(folder, { stopAfter });
  expect([outcome.epochs, outcome.stoppedEarly, asked]).toEqual([2, false, [1, 2]]);
  // Whoever resumes it is asked again, as a process may be killed between writing and asking.
  expect(await run(await resumed(folder), { stopAfter })).toEqual(outcome);
  expect(asked).toEqual([1, 2, 2]);
  await run(await resumed(folder));
  expect(await runContents(folder.path)).toEqual(uninterrupted);
});
