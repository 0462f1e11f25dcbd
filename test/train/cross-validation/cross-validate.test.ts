import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { claim, readHolder } from '../../../src/train/cross-validation/claim.js';
import {
  type CrossValidation,
  CrossValidationError,
  CrossValidationFolder,
  countSeenFrames,
  crossValidate,
  crossValidationSchema,
  evaluateLandmarks,
  FOLD_SCORES,
  foldsInWork,
  formatCrossValidation,
  heldOutSchema,
  parsePredictionsCsv,
  predictorSource,
  prepareEnsemble,
  readEnsemble,
  resolveConfig,
  type SplitOptions,
  summariseCrossValidation,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { writtenTo } from '../../support/written.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 2, batchSize: 4, seed: 5 },
};
const config = resolveConfig(settings);
const FOLDS = 3;

let device: Device;
let data: string;
/** A finished cross-validation, what it printed and its results. Tests change copies of it. */
let done: string;
let printed: string;
let results: CrossValidation;
beforeAll(async () => {
  device = await sharedDevice();
  const parent = await temporaryFolder();
  data = join(parent, 'data');
  done = join(parent, 'done');
  await writePhantomSet(data, { train: 8, validation: 3, test: 1 });
  printed = await run(done);
  results = await summariseCrossValidation(done);
});

const prepare = (out: string, options: SplitOptions = { folds: FOLDS }, settings = config) =>
  CrossValidationFolder.prepare(out, data, settings, options);

async function run(out: string, folds?: readonly number[], signal?: AbortSignal): Promise<string> {
  const stream = new PassThrough();
  await crossValidate({ device, ...(await prepare(out)), folds, stream, signal });
  return writtenTo(stream);
}

async function copied(): Promise<string> {
  const out = join(await temporaryFolder(), 'cv');
  await cp(done, out, { recursive: true });
  return out;
}

const heldOut = async (out: string, fold: number) =>
  heldOutSchema.parse(JSON.parse(await readFile(join(out, `fold-${fold}`, 'held-out.json'), 'utf8')));

describe('crossValidate', () => {
  test('lets every frame be answered once, by the model that was trained on all other folds', async () => {
    const { splits } = await CrossValidationFolder.open(done);
    const files: string[] = [];
    for (const { fold, files: own } of splits.folds) {
      const { cases, trainingFrames, fingerprint } = await heldOut(done, fold);
      expect(cases.map(({ file }) => file)).toEqual(own);
      expect(trainingFrames).toBe(11 - own.length);
      expect(fingerprint).toBe(splits.data.fingerprint);
      files.push(...own);
      // The same answers as the fold's own table has, there in the frame's pixels: an eighth, and a margin.
      const table = await readFile(join(done, `fold-${fold}`, 'predictions-validation.csv'), 'utf8');
      for (const [i, { filename, predicted }] of parsePredictionsCsv(table).entries()) {
        expect(filename).toBe(own[i]);
        expect(cases[i].predicted.fh1.y).toBeCloseTo((predicted.fh1.y + 0.5) * 8 - 0.5, 1);
      }
    }
    expect(new Set(files).size).toBe(11);
    expect(printed).toMatch(/^fold 1: training on .*\nfold 1: reading \d training and \d validation frames$/m);
    expect(printed).toMatch(/^fold 3: held-out frames: APD [\d.]+ px$/m);
  });

  test('the results are those of the folds', async () => {
    const stored = JSON.parse(await readFile(join(done, 'cross-validation.json'), 'utf8'));
    expect(crossValidationSchema.parse(stored)).toEqual(results);
    const cases = [];
    for (const { fold, scores, frames, run, bestEpoch } of results.folds) {
      const own = (await heldOut(done, fold)).cases;
      cases.push(...own);
      const { apd, perLandmark, aopMae, sdr } = evaluateLandmarks(own);
      expect([frames, run]).toEqual([own.length, `fold-${fold}`]);
      expect([1, 2]).toContain(bestEpoch);
      expect(scores).toMatchObject({ apd, ps2: perLandmark.ps2.apd, aopMae, within20: sdr.within20 });
    }
    const apd = results.folds.map(({ scores }) => scores.apd);
    const mean = (apd[0] + apd[1] + apd[2]) / 3;
    expect(results.mean.apd).toBeCloseTo(mean, 9);
    expect(results.sd.apd).toBeCloseTo(Math.sqrt(apd.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 2), 9);
    expect(results.folds[results.bestFold - 1].scores.apd).toBe(Math.min(...apd));
    expect(results.pooled.count).toBe(11);
    expect(results.pooled.apd).toBeCloseTo(evaluateLandmarks(cases).apd, 9);
    expect(Object.values(results.strata).reduce((sum, { frames }) => sum + frames, 0)).toBe(11);
    expect(formatCrossValidation(results)).toMatch(
      new RegExp(`^ {2}mean .*${results.mean.apd.toFixed(2)} ± ${results.sd.apd.toFixed(2)}`, 'm'),
    );
  });

  test('the table has a row for each fold, their mean and standard deviation, and all frames', async () => {
    const rows: Record<string, string>[] = parse(await readFile(join(done, 'cross-validation.csv')), { columns: true });
    expect(rows.map(({ fold }) => fold)).toEqual(['1', '2', '3', 'mean', 'sd', 'pooled']);
    for (const score of FOLD_SCORES) {
      const expected = [...results.folds.map(({ scores }) => scores[score]), results.mean[score], results.sd[score]];
      expect(rows.slice(0, 5).map((row) => Number(row[score]))).toEqual(expected);
    }
    expect(Number(rows[5].apd)).toBe(results.pooled.apd);
  });

  test('trains what is not finished and leaves the rest alone, and goes on where it was stopped, to the same bits', async () => {
    const out = await copied();
    const time = async (fold: number) => (await stat(join(out, `fold-${fold}`, 'best.safetensors'))).mtimeMs;
    const before = await time(1);
    // What a process leaves that is killed before there is anything to go on from.
    await rm(join(out, 'fold-2'), { recursive: true });
    await mkdir(join(out, 'fold-2'));
    await writeFile(join(out, 'fold-2', 'config.json'), '{}');
    await expect(summariseCrossValidation(out)).rejects.toThrow(
      /fold 2 is not finished; npm run cross-validate with --fold 2 resumes it/,
    );
    expect(await run(out, [1, 3])).toBe('');

    const stop = new AbortController();
    const stream = new PassThrough();
    stream.on('data', (text) => {
      if (/epoch 1\/2/.test(String(text))) stop.abort(new Error('enough'));
    });
    const stopped = crossValidate({ device, ...(await prepare(out)), stream, signal: stop.signal });
    await expect(stopped).rejects.toThrow('enough');
    expect(await foldsInWork(await CrossValidationFolder.open(out))).toEqual([{ fold: 2, holder: undefined }]);

    const text = await run(out);
    expect(text).toMatch(/^fold 2: going on on /);
    expect(text).not.toMatch(/fold [13]:/);
    expect(await heldOut(out, 2)).toEqual(await heldOut(done, 2));
    expect(await time(1)).toBe(before);
    const { environment: _, ...rest } = await summariseCrossValidation(out);
    expect(results).toMatchObject(rest);
    expect((await readdir(out)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('leaves a fold to whoever has it', async () => {
    const out = await copied();
    await rm(join(out, 'fold-2'), { recursive: true });
    const other = await claim(join(out, 'fold-2.lock'), 'their adapter');
    expect(await run(out)).toMatch(/^fold 2: process \d+ on .* trains it \(their adapter\)\n$/);
    const folder = await CrossValidationFolder.open(out);
    const [{ fold, holder }] = await foldsInWork(folder);
    expect([fold, holder?.adapter]).toEqual([2, 'their adapter']);
    if ('release' in other) await other.release();
    expect(await readHolder(join(out, 'fold-2.lock'))).toBeUndefined();
  });
});

describe('the ensemble of the folds', () => {
  test('is made with the results, of the models of all folds', async () => {
    const folder = await prepareEnsemble([done]);
    expect(folder).toBe(join(done, 'ensemble'));
    expect((await readEnsemble(folder))?.members).toEqual([1, 2, 3].map((fold) => join(done, `fold-${fold}`)));
    expect(await predictorSource([done])).toBe(folder);
    const runs = [join(done, 'fold-1'), join(done, 'fold-3')];
    expect(await predictorSource(runs)).toEqual(runs);
    const own = join(await temporaryFolder(), 'two');
    expect(await prepareEnsemble(runs, own)).toBe(own);
    expect((await readEnsemble(own))?.members).toEqual(runs);
    await expect(prepareEnsemble([done], own)).rejects.toThrow(/is written to .*ensemble; leave out --out/);
    await expect(prepareEnsemble(runs)).rejects.toThrow(/needs a folder for its results; give it with --out/);
  });

  test('is not made while folds are missing', async () => {
    const out = await copied();
    await rm(join(out, 'ensemble'), { recursive: true });
    for (const fold of [1, 3]) await rm(join(out, `fold-${fold}`, 'held-out.json'));
    await expect(prepareEnsemble([out])).rejects.toThrow(
      /folds 1, 3 are not finished; npm run cross-validate resumes, or name the runs of those that are\.$/,
    );
  });

  test('has seen every frame that was divided, and a fold all but its own', async () => {
    const seen = (run: string, split: 'train' | 'validation' | 'test') => countSeenFrames(join(done, run), data, split);
    expect([await seen('ensemble', 'train'), await seen('ensemble', 'validation')]).toEqual([8, 3]);
    expect(await seen('ensemble', 'test')).toBe(0);
    const { splits } = await CrossValidationFolder.open(done);
    const own = splits.folds[1].files.length;
    expect((await seen('fold-2', 'train')) + (await seen('fold-2', 'validation'))).toBe(11 - own);
    // The same frames under other names, and a run that belongs to no cross-validation.
    const other = join(await temporaryFolder(), 'data');
    await cp(data, other, { recursive: true });
    const labels = join(other, 'Validation', 'landmarks_data.csv');
    await writeFile(labels, (await readFile(labels, 'utf8')).replace('phantom-08', 'frame-08'));
    await rename(join(other, 'Validation', 'phantom-08.png'), join(other, 'Validation', 'frame-08.png'));
    expect(await countSeenFrames(join(done, 'ensemble'), other, 'validation')).toBe(3);
    expect(await countSeenFrames(other, data, 'train')).toBe(0);
  });
});

describe('CrossValidationFolder', () => {
  test('divides once: who comes later finds the same folds and need not say how', async () => {
    const { created, folder, cases } = await prepare(done, {});
    expect(created).toBe(false);
    expect(cases.folds.map((own) => own.map(({ file }) => file))).toEqual(
      folder.splits.folds.map(({ files }) => files),
    );
    expect(await folder.unfinished()).toEqual([]);
  });

  test('of many that begin at once one divides', async () => {
    const out = join(await temporaryFolder(), 'cv');
    const all = await Promise.all(
      [1, 2, 3, 4].map((seed) => prepare(out, { folds: FOLDS, seed }).catch((error) => error)),
    );
    const [first, ...others] = all.filter((one) => 'created' in one && one.created);
    expect(others).toEqual([]);
    const { splits } = await CrossValidationFolder.open(out);
    expect(first.folder.splits).toEqual(splits);
  });

  test.each<[string, (out: string) => Promise<unknown>, RegExp]>([
    ['other folds', (out) => prepare(out, { folds: 4 }), /splits\.json has folds 3 and not 4; folds are divided once/],
    ['another seed', (out) => prepare(out, { seed: 7 }), /splits\.json has seed 0 and not 7/],
    [
      'metadata that came later',
      (out) => prepare(out, { metadata: 'some.csv' }),
      /splits\.json has strata by angle and none from metadata/,
    ],
    [
      'another configuration',
      (out) => prepare(out, {}, resolveConfig({ ...settings, loss: { sigma: 2 } })),
      /config\.json is another configuration: loss\.sigma is 1 there and 2 here; all folds are trained by one/,
    ],
    [
      'the folder of something else',
      async (out) => {
        await rm(join(out, 'splits.json'));
        return prepare(out);
      },
      /is not empty \(cross-validation\.csv is there\) and holds no splits\.json; choose another folder/,
    ],
    [
      'a held-out file that is damaged',
      async (out) => {
        await writeFile(join(out, 'fold-1', 'held-out.json'), '{"version": 1, "fold"');
        return summariseCrossValidation(out);
      },
      /held-out\.json is damaged \(.*\); remove it, and the fold is scored again/,
    ],
    [
      'a held-out file of other weights',
      async (out) => {
        await cp(join(out, 'fold-2', 'best.safetensors'), join(out, 'fold-1', 'best.safetensors'));
        return summariseCrossValidation(out);
      },
      /held-out\.json is of weights that the fold no longer has; remove it, and the fold is scored again/,
    ],
    [
      'a held-out file of another fold',
      async (out) => {
        await cp(join(out, 'fold-2', 'held-out.json'), join(out, 'fold-1', 'held-out.json'));
        return summariseCrossValidation(out);
      },
      /held-out\.json is of fold 2 of another cross-validation; remove it/,
    ],
    [
      'a folder of something else to read from',
      async (out) => CrossValidationFolder.open(join(out, 'fold-1')),
      /fold-1 holds no splits\.json; give a folder that npm run cross-validate has written/,
    ],
  ])('refuses %s in one sentence', async (_, use, message) => {
    const error: unknown = await use(await copied()).catch((e) => e);
    if (!(error instanceof CrossValidationError)) throw error;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });
});
