import { readFile } from 'node:fs/promises';
import { decodeFrame, type Frame } from '../image/index.js';
import { LANDMARK_NAMES } from '../landmarks.js';
import { DatasetError } from './errors.js';
import type { LabelledCase } from './read.js';

/** Opens and decodes the image of a case. @throws DatasetError, or ImageError from decoding */
export async function loadFrame(labelled: LabelledCase): Promise<Frame> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(labelled.path);
  } catch (error) {
    const { path, row } = labelled.source;
    throw new DatasetError(
      `${path}, row ${row}: the image ${labelled.path} cannot be read (${(error as Error).message}); check that it is there.`,
      { cause: error },
    );
  }
  return decodeFrame(bytes, labelled.path);
}

/** A case with its image decoded and its landmarks known to lie on it. */
export interface LoadedCase extends LabelledCase {
  readonly frame: Frame;
}

/** @throws DatasetError where a landmark lies off the frame, which is when labels and images do not belong together */
export async function loadCase(labelled: LabelledCase): Promise<LoadedCase> {
  const frame = await loadFrame(labelled);
  const { width, height } = frame;
  for (const name of LANDMARK_NAMES) {
    const { x, y } = labelled.landmarks[name];
    if (x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5) continue;
    const { path, row } = labelled.source;
    throw new DatasetError(
      `${path}, row ${row}: ${name.toUpperCase()} (${x}, ${y}) lies off the frame ${labelled.file}, which is ${width}×${height} pixels; ` +
        'correct the point, or use the image that was labelled.',
    );
  }
  return { ...labelled, frame };
}
