import { readFile } from 'node:fs/promises';
import { decodeFrame, type Frame } from '../../images/index.js';
import { type FrameExtent, type FrameTransform, regionOf } from '../../model/fit-frame.js';
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { DatasetError } from './layout.js';
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
  const { path, row } = labelled.source;
  for (const name of LANDMARK_NAMES) {
    const problem = pointOffFrame(labelled.landmarks, name, frame, labelled.file);
    if (problem !== undefined) throw new DatasetError(`${path}, row ${row}: ${problem}`);
  }
  return { ...labelled, frame };
}

/** What is wrong where a landmark lies off the frame, which reaches half a pixel beyond the outermost centres. */
export function pointOffFrame(
  landmarks: Landmarks,
  name: keyof Landmarks,
  { width, height }: { readonly width: number; readonly height: number },
  file: string,
): string | undefined {
  const { x, y } = landmarks[name];
  if (x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5) return undefined;
  return (
    `${name.toUpperCase()} (${x}, ${y}) lies off the frame ${file}, which is ${width}×${height} pixels; ` +
    'correct the point, or use the image that was labelled.'
  );
}

/**
 * What is wrong where a landmark lies on the frame and outside the part of it that a network sees; undefined where it
 * does not.
 */
export function pointOutOfSight(
  landmarks: Landmarks,
  name: keyof Landmarks,
  frame: FrameExtent,
  { transform, size }: { readonly transform: FrameTransform; readonly size: number },
): string | undefined {
  const { x, y } = transform.toNetwork(landmarks[name]);
  if (x >= -0.5 && y >= -0.5 && x <= size - 0.5 && y <= size - 0.5) return undefined;
  const { x: column, y: row } = landmarks[name];
  const { width, height } = regionOf(frame);
  const side = Math.min(width, height);
  return (
    `${name.toUpperCase()} (${column}, ${row}) lies outside the central ${side}×${side} square of the ` +
    `${width}×${height} ${frame.region ? 'ultrasound region' : 'frame'}, which is all that a network sees; crop the frame around the ` +
    'landmarks.'
  );
}
