import { LANDMARK_NAMES } from '../../model/landmarks.js';
import type { Split } from '../dataset/index.js';
import { readScoredFrames } from '../evaluate/scored-split.js';
import { evaluateLandmarks } from '../metrics/index.js';
import type { ScoredFrame } from '../run-folder/index.js';
import { StatisticsError } from '../statistics/index.js';
import { adjustedPairs, type PairedDifference, pairRuns, SAME_TRUTH } from './pairs.js';

/** A difference with its p after Holm's correction for all tests of the comparison. */
export type CorrectedDifference = PairedDifference & { readonly adjustedP: number };

/** How evaluated runs differ on one split, in pixels of a 512 px frame and degrees. */
export interface RunComparison {
  readonly split: Split;
  readonly frames: number;
  readonly runs: readonly {
    readonly run: string;
    readonly apd: number;
    /** Absent where no frame has an angle. */
    readonly aopMae?: number;
  }[];
  /** Every run against every other. */
  readonly pairs: readonly {
    readonly first: string;
    readonly second: string;
    /** Comparison of the mean distance of a frame's landmarks. */
    readonly distance?: CorrectedDifference;
    /** Comparison of the absolute error of the angle, over the frames where both runs have one. */
    readonly angle?: CorrectedDifference;
  }[];
}

/**
 * Compares evaluated runs on the frames of a split, matched by file name.
 *
 * @param runs Folders, at least two.
 * @throws StatisticsError where there is nothing to compare, or the runs were evaluated on different frames or labels;
 *   PredictionsError for a run that was not evaluated
 */
export async function compareRuns(runs: readonly string[], split: Split = 'test'): Promise<RunComparison> {
  const twice = runs.find((run, i) => runs.indexOf(run) < i);
  if (runs.length < 2 || twice !== undefined) {
    const given = twice === undefined ? `${runs.length} given` : `${twice} is given twice`;
    throw new StatisticsError(`A comparison needs at least 2 different runs; ${given}.`);
  }
  const read = await Promise.all(runs.map(async (run) => ({ run, ...(await readScoredFrames(run, split)) })));
  const [first, ...others] = read;
  const same = [first.frames, ...others.map((other) => matched(first, other))];
  const pairs = pairRuns(same);
  const adjusted = adjustedPairs(pairs);
  const corrected = (difference: PairedDifference | undefined, adjustedP: number | undefined) =>
    difference && adjustedP !== undefined ? { ...difference, adjustedP } : undefined;
  return {
    split,
    frames: first.frames.length,
    runs: read.map(({ run, frames }) => {
      const { apd, aopMae } = evaluateLandmarks(frames);
      return { run, apd, ...(aopMae === undefined ? {} : { aopMae }) };
    }),
    pairs: pairs.map((pair, i) => ({
      first: runs[pair.first],
      second: runs[pair.second],
      distance: corrected(pair.distance, adjusted[i].distance),
      angle: corrected(pair.angle, adjusted[i].angle),
    })),
  };
}

interface ReadRun {
  readonly run: string;
  readonly frames: readonly ScoredFrame[];
  readonly data: string | undefined;
}

/** The frames of `other` in the order of `first`'s. */
function matched(first: ReadRun, other: ReadRun): ScoredFrame[] {
  const byFile = new Map(other.frames.map((frame) => [frame.filename, frame]));
  const known = new Set(first.frames.map(({ filename }) => filename));
  const refuse = (filename: string, has: ReadRun): never => {
    throw new StatisticsError(
      `${first.run} was evaluated on ${first.frames.length} frames and ${other.run} on ${other.frames.length}, and ` +
        `${filename} is only among those of ${has.run}; evaluate both on the same data set.`,
    );
  };
  const extra = other.frames.find(({ filename }) => !known.has(filename));
  if (extra) refuse(extra.filename, other);
  const frames = first.frames.map((frame) => {
    const found = byFile.get(frame.filename) ?? refuse(frame.filename, first);
    checkTruth(first.run, frame, other.run, found);
    return found;
  });
  if (first.data !== undefined && other.data !== undefined && first.data !== other.data) {
    throw new StatisticsError(
      `${first.run} and ${other.run} were evaluated on frames of the same names whose pixels or labels differ (SHA-256 ` +
        `${first.data.slice(0, 12)}… and ${other.data.slice(0, 12)}…); evaluate both on the same data set.`,
    );
  }
  return frames;
}

function checkTruth(run: string, frame: ScoredFrame, otherRun: string, other: ScoredFrame): void {
  for (const name of LANDMARK_NAMES) {
    const [a, b] = [frame.truth[name], other.truth[name]];
    if (Math.hypot(a.x - b.x, a.y - b.y) <= SAME_TRUTH) continue;
    const text = ({ x, y }: typeof a) => `(${x.toFixed(1)}, ${y.toFixed(1)})`;
    throw new StatisticsError(
      `The label of ${name.toUpperCase()} in ${frame.filename} was ${text(a)} when ${run} was evaluated and ${text(b)} ` +
        `when ${otherRun} was; evaluate both on the same data set.`,
    );
  }
}
