import type { Landmarks, Point } from '../../landmarks.js';
import type { LandmarkCase } from '../../metrics/index.js';
import { PredictionsError, parsePredictionsCsv } from '../../run-folder/index.js';
import type { SourceFolder } from './file.js';

/** A frame of which prediction and truth are known, in pixels of a 512 px frame. */
export interface ScoredFrame extends LandmarkCase {
  readonly filename: string;
}

/** The frames of a split that have a truth. */
export async function readScoredFrames(folder: SourceFolder, split: string): Promise<ScoredFrame[]> {
  const name = split === 'test' ? 'predictions.csv' : `predictions-${split}.csv`;
  const absent = ': there are no errors of single frames; evaluate the run again.';
  const text = await folder.text(name, absent);
  if (text === undefined) return [];
  const path = folder.file(name);
  try {
    const frames: ScoredFrame[] = [];
    for (const { filename, predicted, truth, scale } of parsePredictionsCsv(text, path)) {
      if (truth === undefined) continue;
      if (scale === undefined) {
        folder.note(
          `${path} has no column "Scale to 512", so frames of different sizes cannot be compared; evaluate the run again.`,
        );
        return [];
      }
      frames.push({ filename, predicted: scaled(predicted, scale), truth: scaled(truth, scale) });
    }
    return frames;
  } catch (error) {
    if (!(error instanceof PredictionsError)) throw error;
    folder.note(error.message);
    return [];
  }
}

/** Whole numbers are pixel centres before and after. What was cropped away moves all points alike, which no error shows. */
function scaled({ ps1, ps2, fh1 }: Landmarks, scale: number): Landmarks {
  const scalePoint = ({ x, y }: Point): Point => ({ x: (x + 0.5) * scale - 0.5, y: (y + 0.5) * scale - 0.5 });
  return { ps1: scalePoint(ps1), ps2: scalePoint(ps2), fh1: scalePoint(fh1) };
}
