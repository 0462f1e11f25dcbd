import { mapLandmarks } from '../../model/coordinates.js';
import { fitTransform } from '../../model/fit-frame.js';
import { angleOfProgression } from '../../model/landmarks.js';
import { loadFrame } from '../dataset/index.js';
import { apdOfMean, meanLandmarks } from '../metrics/index.js';
import { renderOverlay } from '../overlay/index.js';
import type { DataCard, Suspect } from './card.js';
import { groupDuplicates } from './duplicates.js';
import { CARD_SIZE, type ExaminedFrame, type ExamineOptions, examine } from './examine.js';
import { findLabelNoise } from './label-noise.js';
import { summarizeAngles, summarizeFolders, summarizePositions } from './summaries.js';

export interface DescribeOptions extends ExamineOptions {
  /** Folders of cross-validations on this data, whose held-out predictions show suspicious labels. */
  readonly crossValidations?: readonly string[];
  /** How many suspicious labels to draw. Default: none */
  readonly pictures?: number;
}

/** A frame with what the models predict, and dashed the suspicious label. */
export interface SuspectPicture {
  readonly file: string;
  readonly png: Uint8Array;
}

/**
 * The card of one or several data sets, taken together: what there is, how its landmarks and angles are spread, which
 * pictures are there twice, and which labels models contradict.
 *
 * @throws DatasetError where one cannot be read, ImageError for an image that cannot be decoded; CrossValidationError
 */
export async function describeData(
  data: readonly string[],
  options: DescribeOptions = {},
): Promise<{ readonly card: DataCard; readonly pictures: readonly SuspectPicture[] }> {
  const frames = await examine(data, options);
  const described = frames.map((frame) => frame.described);
  const truths = described.map(({ landmarks }) => landmarks);
  const { crossValidations = [], pictures = 0 } = options;
  const labelNoise = crossValidations.length > 0 ? await findLabelNoise(frames, crossValidations) : undefined;
  const card: DataCard = {
    version: 1,
    data: [...data],
    frames: described,
    folders: summarizeFolders(described),
    positions: summarizePositions(truths),
    aop: summarizeAngles(described),
    apdOfMean: apdOfMean(meanLandmarks(truths), truths),
    duplicates: groupDuplicates(frames),
    ...(labelNoise ? { labelNoise } : {}),
  };
  const drawn = labelNoise?.suspects.slice(0, pictures) ?? [];
  return { card, pictures: await Promise.all(drawn.map((suspect) => drawSuspect(suspect, frames))) };
}

async function drawSuspect(
  { file, predicted: seen }: Suspect,
  frames: readonly ExaminedFrame[],
): Promise<SuspectPicture> {
  const found = frames.find(({ described }) => described.file === file);
  if (!found) throw new RangeError(`there is no frame ${file}`);
  const frame = await loadFrame(found.image);
  const transform = fitTransform(frame, CARD_SIZE);
  const predicted = mapLandmarks(seen, (point) => transform.toFrame(point));
  const { pixels, width, height } = frame;
  const aop = angleOfProgression(predicted);
  return { file, png: await renderOverlay({ pixels, width, height, predicted, truth: found.image.landmarks, aop }) };
}
