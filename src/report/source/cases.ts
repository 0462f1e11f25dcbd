import { commonOrigin, staleScores } from '../../train/evaluate/index.js';
import {
  PredictionsError,
  parsePredictionsCsv,
  predictionsFile,
  type ScoredFrame,
  scoredFrame,
} from '../../train/run-folder/index.js';
import type { SourceFolder } from './file.js';

/** The frames of a split that have a truth. */
export async function readScoredFrames(folder: SourceFolder, split: string): Promise<ScoredFrame[]> {
  const name = predictionsFile(split);
  const absent = ': there are no errors of single frames; evaluate the run again.';
  const text = await folder.text(name, absent);
  if (text === undefined) return [];
  const path = folder.file(name);
  try {
    const rows = parsePredictionsCsv(text, path);
    const stale = await staleScores(folder.path, path, split, commonOrigin(path, rows) ?? {});
    if (stale !== undefined) {
      folder.note(stale);
      return [];
    }
    const predictions = rows.filter(({ truth }) => truth !== undefined);
    const frames = predictions.map(scoredFrame).filter((frame) => frame !== undefined);
    if (frames.length === predictions.length) return frames;
    folder.note(
      `${path} has no column "Scale to 512", so frames of different sizes cannot be compared; evaluate the run again.`,
    );
  } catch (error) {
    if (!(error instanceof PredictionsError)) throw error;
    folder.note(error.message);
  }
  return [];
}
