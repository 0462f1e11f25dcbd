import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { Landmarks } from '../../model/landmarks.js';
import { LANDMARK_NAMES } from '../../model/landmarks.js';
import { scoreCases } from '../evaluate/index.js';
import {
  evaluateLandmarks,
  type LandmarkCase,
  type LandmarkMetrics,
  mean,
  standardDeviation,
} from '../metrics/index.js';
import { describeSoftware, writeFileAtomically } from '../run-folder/index.js';
import { stratumWarnings } from './describe-splits.js';
import { createFoldEnsemble } from './ensemble.js';
import { CrossValidationFolder } from './folder.js';
import { type HeldOut, landmarkCasesOf } from './held-out.js';
import {
  type CrossValidation,
  crossValidationSchema,
  FOLD_SCORES,
  type FoldScore,
  type FoldScores,
} from './results.js';
import type { Splits } from './splits.js';
import { CrossValidationError } from './splits.js';
import { compareStrata } from './strata.js';

export const RESULTS_FILE = 'cross-validation.json';
const TABLE_FILE = 'cross-validation.csv';

/**
 * Brings the folds of a finished cross-validation together and writes `cross-validation.json` and, as a table,
 * `cross-validation.csv`; and makes the ensemble of the folds' models in `ensemble`. No model runs.
 *
 * @throws CrossValidationError where folds are not finished
 */
export async function summariseCrossValidation(path: string): Promise<CrossValidation> {
  const folder = await CrossValidationFolder.open(path);
  const heldOut: HeldOut[] = [];
  for (const fold of folder.folds) {
    const own = await folder.readHeldOut(fold);
    if (!own) {
      throw new CrossValidationError(
        `${path}: fold ${fold} is not finished; npm run cross-validate with --fold ${fold} resumes it.`,
      );
    }
    heldOut.push(own);
  }
  const results = summarise(folder.splits, heldOut, folder.config.training.seed);
  await writeFileAtomically(join(path, TABLE_FILE), resultsCsv(results));
  await writeFileAtomically(join(path, RESULTS_FILE), `${JSON.stringify(results, null, 2)}\n`);
  await createFoldEnsemble(folder);
  return results;
}

/** @param seed Of the bootstrap. */
function summarise(splits: Splits, heldOut: readonly HeldOut[], seed: number): CrossValidation {
  const cases = heldOut.map(landmarkCasesOf);
  const folds = heldOut.map(({ fold, trainingFrames, epochs, bestEpoch }, i) => ({
    fold,
    run: `fold-${fold}`,
    trainingFrames,
    frames: cases[i].length,
    epochs,
    bestEpoch,
    scores: foldScores(evaluateLandmarks(cases[i])),
  }));
  const over = (statistic: (values: readonly number[]) => number | undefined) =>
    mapScores((score) => {
      const values = folds.map(({ scores }) => scores[score]).filter((value) => value !== null);
      return statistic(values) ?? null;
    });
  const best = folds.reduce((a, b) => (b.scores.apd < a.scores.apd ? b : a));
  return crossValidationSchema.parse({
    version: 1,
    splits: {
      seed: splits.seed,
      folds: folds.length,
      frames: splits.data.frames,
      fingerprint: splits.data.fingerprint,
      strata: splits.strata.by === 'metadata' ? splits.strata.columns.join(' × ') : 'AoP × folder',
      groups: splits.groups.length,
    },
    warnings: stratumWarnings(splits),
    folds,
    mean: over((values) => (values.length === 0 ? undefined : mean(values))),
    sd: over(standardDeviation),
    bestFold: best.fold,
    pooled: scoreCases(cases.flat(), { seed, meanLandmarks: meanOfFolds(heldOut) }),
    strata: scoresByStratum(splits, heldOut, cases),
    environment: describeSoftware(),
  });
}

function foldScores(metrics: LandmarkMetrics): FoldScores {
  const { apd, mse, mae, sdr, perLandmark, aopMae, aopWithin5, aopWithin10 } = metrics;
  const { ps1, ps2, fh1 } = perLandmark;
  return {
    apd,
    ps1: ps1.apd,
    ps2: ps2.apd,
    fh1: fh1.apd,
    mse,
    mae,
    ...sdr,
    aopMae: aopMae ?? null,
    aopWithin5,
    aopWithin10,
  };
}

function mapScores<T>(of: (score: FoldScore) => T): Record<FoldScore, T> {
  return Object.fromEntries(FOLD_SCORES.map((score) => [score, of(score)])) as Record<FoldScore, T>;
}

/** What the folds' models saw on average: each fold's training frames weigh the same. */
function meanOfFolds(heldOut: readonly HeldOut[]): Landmarks {
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name) => ({
    x: mean(heldOut.map(({ meanLandmarks }) => meanLandmarks[name].x)),
    y: mean(heldOut.map(({ meanLandmarks }) => meanLandmarks[name].y)),
  }));
  return { ps1, ps2, fh1 };
}

function scoresByStratum(
  splits: Splits,
  heldOut: readonly HeldOut[],
  cases: readonly (readonly LandmarkCase[])[],
): CrossValidation['strata'] {
  const strata = new Map<string, LandmarkCase[]>();
  for (const [i, { cases: own }] of heldOut.entries()) {
    for (const [k, { file }] of own.entries()) {
      const { stratum } = splits.frames[file];
      strata.set(stratum, [...(strata.get(stratum) ?? []), cases[i][k]]);
    }
  }
  const sorted = [...strata].sort(([a], [b]) => compareStrata(a, b));
  return Object.fromEntries(
    sorted.map(([stratum, own]) => {
      const { apd, aopMae } = evaluateLandmarks(own);
      return [stratum, { frames: own.length, apd, aopMae: aopMae ?? null }];
    }),
  );
}

/** A row for each fold, then their mean and standard deviation, and the scores of all held-out frames together. */
export function resultsCsv({ folds, mean: means, sd, pooled, splits }: CrossValidation): string {
  const row = (name: string | number, counts: readonly (number | '')[], scores: FoldScores) => [
    ...[name, ...counts],
    ...FOLD_SCORES.map((score) => scores[score] ?? ''),
  ];
  return stringify([
    ['fold', 'trainingFrames', 'frames', 'epochs', 'bestEpoch', ...FOLD_SCORES],
    ...folds.map((one) => row(one.fold, [one.trainingFrames, one.frames, one.epochs, one.bestEpoch], one.scores)),
    row('mean', ['', '', '', ''], means),
    row('sd', ['', '', '', ''], sd),
    row('pooled', ['', splits.frames, '', ''], foldScores(pooled)),
  ]);
}
