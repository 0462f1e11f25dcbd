import { basename, dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { mapLandmarks, scaleTo512 } from '../../model/coordinates.js';
import { angleOfProgression, disagreement, LANDMARK_NAMES, type Landmarks } from '../../model/index.js';
import type { FramePrediction } from '../../model/predictor.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { evaluateLandmarks, mean } from '../metrics/index.js';
import { numberText, tupleText } from '../run-folder/column.js';
import type { EnsembleScores } from '../run-folder/index.js';

/** What the members of an ensemble score alone, and how far they disagree. */
export function scoreMembers(
  members: readonly string[],
  frames: readonly NetworkFrame[],
  predictions: readonly FramePrediction[],
): EnsembleScores {
  const answers = predictions.map(({ members: own = [] }, i) =>
    own.map((landmarks) => scaleTo512(landmarks, frames[i].size)),
  );
  const truths = frames.map(({ landmarks, size }) => scaleTo512(landmarks, size));
  const apart = (name: keyof Landmarks) => mean(answers.map((own) => disagreement(own.map((one) => one[name]))));
  return {
    members: memberNames(members).map((run, k) => {
      const { apd, aopMae } = evaluateLandmarks(truths.map((truth, i) => ({ predicted: answers[i][k], truth })));
      return { run, apd, ...(aopMae === undefined ? {} : { aopMae }) };
    }),
    disagreement: { ps1: apart('ps1'), ps2: apart('ps2'), fh1: apart('fh1') },
  };
}

/** A row for each frame and member: its landmarks in the frame's own pixels, and its angle in degrees. */
export function membersCsv(
  members: readonly string[],
  frames: readonly NetworkFrame[],
  predictions: readonly FramePrediction[],
): string {
  const names = memberNames(members);
  const rows = frames.flatMap(({ file, transform }, i) =>
    (predictions[i].members ?? []).map((landmarks, k) => {
      const own = mapLandmarks(landmarks, (point) => transform.toFrame(point));
      const points = LANDMARK_NAMES.map((name) => tupleText(own[name].x, own[name].y));
      return [file, names[k], ...points, numberText(angleOfProgression(own))];
    }),
  );
  return stringify([['Filename', 'Member', 'PS1', 'PS2', 'FH1', 'AoP'], ...rows]);
}

/** The folders' own names, with what is above them where those repeat. */
function memberNames(members: readonly string[]): string[] {
  const names = members.map((member) => basename(member));
  const repeated = new Set(names).size < names.length;
  return repeated ? members.map((member, i) => `${basename(dirname(member))}/${names[i]}`) : names;
}
