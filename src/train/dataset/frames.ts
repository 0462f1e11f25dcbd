import type { Frame } from '../../images/index.js';
import { mapLandmarks } from '../../model/coordinates.js';
import { type FrameTransform, fitFrame } from '../../model/fit-frame.js';
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { mapConcurrently } from '../map-concurrently.js';
import { loadCase, pointOutOfSight } from './load.js';
import type { LabelledCase } from './read.js';

/** Labelled cases to train on and to validate with. */
export interface TrainingCases {
  readonly training: readonly LabelledCase[];
  readonly validation: readonly LabelledCase[];
}

/** A labelled frame as the network takes it. */
export interface NetworkFrame {
  /** Name in the data set. */
  readonly file: string;
  /** Luminance in [0, 1], size×size, row-major. */
  readonly pixels: Float32Array;
  readonly size: number;
  /** Landmarks in pixels of the size×size frame. */
  readonly landmarks: Landmarks;
  /** To and from the pixels of the original frame. */
  readonly transform: FrameTransform;
  /** What is wrong with landmarks that the network cannot see, as `npm run check-data` says it. */
  readonly outOfSight: readonly string[];
  /** The original, if it was asked for. */
  readonly original: Frame | undefined;
}

/**
 * Decodes the frames of a data set and fits them to the network's input.
 *
 * @param options.keepOriginals Keep the decoded frames beside the fitted ones, to draw on.
 * @param options.signal Stops between frames, by throwing its reason.
 * @throws DatasetError or ImageError for the first case that cannot be used
 */
export async function loadNetworkFrames(
  cases: readonly LabelledCase[],
  size: number,
  options: { keepOriginals?: boolean; signal?: AbortSignal } = {},
): Promise<NetworkFrame[]> {
  const load = async (one: LabelledCase): Promise<NetworkFrame> => {
    const { file, frame, landmarks } = await loadCase(one);
    const { pixels, transform } = fitFrame(frame, size);
    const fitted = mapLandmarks(landmarks, (point) => transform.toNetwork(point));
    const original = options.keepOriginals ? frame : undefined;
    const outOfSight = LANDMARK_NAMES.flatMap(
      (name) => pointOutOfSight(landmarks, name, frame, { transform, size }) ?? [],
    );
    return { file, pixels, size, landmarks: fitted, transform, outOfSight, original };
  };
  return mapConcurrently(cases, load, { signal: options.signal });
}

/** One sentence about the frames of which the network cannot see every landmark; undefined where there are none. */
export function outOfSightNote(frames: readonly NetworkFrame[], what: string): string | undefined {
  const found = frames.filter(({ outOfSight }) => outOfSight.length > 0);
  if (found.length === 0) return undefined;
  const [{ file, outOfSight }] = found;
  return (
    `${found.length} of ${frames.length} ${what} frames have landmarks that the network cannot see, the first of them ${file}: ` +
    `${outOfSight[0].replace(/\.$/, '')}. npm run check-data lists them all`
  );
}
