import { type Calibration, type FrameUncertainty, frameUncertainty, mahalanobisSquared } from '../../model/index.js';
import { LANDMARK_NAMES } from '../../model/landmarks.js';
import { angleError, landmarkDistances, landmarkErrors, mean } from '../metrics/index.js';
import { normalTwoSided, rankCorrelation } from '../statistics/index.js';
import type { UncertainCase } from './fit.js';
import type { Reliabilities, Reliability, UncertaintyAssessment } from './schema.js';

const LEVELS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
const SIGMAS = [1, 2, 3];

/** At most so many groups, and at least so many errors in each of several. */
const MOST_BINS = 10;
const LEAST_IN_BIN = 10;

/** One error, and what was expected of it. */
interface JudgedError {
  readonly predicted: number;
  readonly actual: number;
  /** Probability of a greater error, if the prediction is right: uniform between 0 and 1 then. */
  readonly tail: number;
}

/**
 * Compares what a model said about its errors with the errors it made.
 *
 * @param calibration The run's, fitted on other frames than these.
 */
export function assessUncertainty(cases: readonly UncertainCase[], calibration?: Calibration): UncertaintyAssessment {
  const raw = reliabilities(cases, uncertainties(cases));
  if (calibration === undefined) return { raw };
  const calibrated = uncertainties(cases, calibration);
  return { raw, calibrated: reliabilities(cases, calibrated), flag: flagged(cases, calibrated, calibration) };
}

function uncertainties(cases: readonly UncertainCase[], calibration?: Calibration): FrameUncertainty[] {
  return cases.map(({ predicted, uncertainty }) => frameUncertainty(predicted, uncertainty, calibration));
}

function reliabilities(cases: readonly UncertainCase[], frames: readonly FrameUncertainty[]): Reliabilities {
  const errors = cases.map(landmarkErrors);
  // χ² with two degrees of freedom has the tail exp(−m²/2).
  const beyondEllipse = (sigmas: number) => Math.exp(-(sigmas ** 2) / 2);
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name, k) =>
    frames.map(({ landmarks }, i): JudgedError => {
      const { covariance, predictedError } = landmarks[name];
      const { x, y } = errors[i][k];
      const distance = Math.sqrt(mahalanobisSquared({ x, y }, covariance));
      return { predicted: predictedError, actual: Math.hypot(x, y), tail: beyondEllipse(distance) };
    }),
  );
  const angles = frames.flatMap(({ aop }, i): JudgedError[] => {
    const error = angleError(cases[i]);
    if (aop === undefined || error === undefined) return [];
    return [{ predicted: aop.sd, actual: error, tail: normalTwoSided(error / aop.sd) }];
  });
  return {
    all: reliability([...ps1, ...ps2, ...fh1], beyondEllipse),
    perLandmark: {
      ps1: reliability(ps1, beyondEllipse),
      ps2: reliability(ps2, beyondEllipse),
      fh1: reliability(fh1, beyondEllipse),
    },
    aop: angles.length === 0 ? undefined : reliability(angles, normalTwoSided),
  };
}

/** @param tailOf Probability of an error beyond so many standard deviations. */
function reliability(judged: readonly JudgedError[], tailOf: (sigmas: number) => number): Reliability {
  const inside = (level: number) => judged.filter(({ tail }) => tail >= 1 - level).length / judged.length;
  const bins = binned(judged);
  const predicted = judged.map((one) => one.predicted);
  const actual = judged.map((one) => one.actual);
  return {
    count: judged.length,
    coverage: LEVELS.map((level) => ({ level, observed: inside(level) })),
    withinSigma: SIGMAS.map((sigma) => {
      const expected = 1 - tailOf(sigma);
      return { sigma, expected, observed: inside(expected) };
    }),
    bins,
    ence: mean(bins.map((bin) => Math.abs(bin.predicted - bin.actual) / bin.predicted)),
    rankCorrelation: rankCorrelation(predicted, actual),
  };
}

/** Groups of the same size, give or take one, in ascending order of the predicted errors. */
function binned(judged: readonly JudgedError[]): Reliability['bins'] {
  const sorted = [...judged].sort((a, b) => a.predicted - b.predicted);
  const count = Math.min(MOST_BINS, Math.max(1, Math.floor(sorted.length / LEAST_IN_BIN)));
  const rms = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => value * value)));
  return Array.from({ length: count }, (_, bin) => {
    const start = Math.round((bin * sorted.length) / count);
    const own = sorted.slice(start, Math.round(((bin + 1) * sorted.length) / count));
    return {
      count: own.length,
      predicted: rms(own.map(({ predicted }) => predicted)),
      actual: rms(own.map(({ actual }) => actual)),
    };
  });
}

function flagged(
  cases: readonly UncertainCase[],
  frames: readonly FrameUncertainty[],
  { threshold }: Calibration,
): UncertaintyAssessment['flag'] {
  if (threshold === null) return undefined;
  const group = (low: boolean) => {
    const own = cases.filter((_, i) => frames[i].lowConfidence === low);
    const angles = own.map(angleError).filter((error) => error !== undefined);
    return {
      count: own.length,
      apd: own.length === 0 ? undefined : mean(own.flatMap(landmarkDistances)),
      aopMae: angles.length === 0 ? undefined : mean(angles),
    };
  };
  return { threshold, flagged: group(true), others: group(false) };
}
