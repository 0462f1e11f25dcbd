import { encodeGreyJpeg, encodeGreyPng } from '../../images/index.js';
import type { Landmarks } from '../../model/landmarks.js';
import { generatePhantom, type PhantomOptions } from './generate.js';

export type RenderTask = PhantomOptions;

/** A frame as a file, with its labels. */
export interface RenderedPhantom {
  readonly bytes: Uint8Array;
  readonly landmarks: Landmarks;
  readonly aop: number;
}

/** Makes a frame and encodes it as its profile does. */
export async function renderPhantom(task: RenderTask): Promise<RenderedPhantom> {
  const { pixels, size, landmarks, aop, profile } = generatePhantom(task);
  const image = { width: size, height: size, pixels };
  const { encoding } = profile;
  const encoded =
    encoding.format === 'png' ? await encodeGreyPng(image) : await encodeGreyJpeg(image, encoding.quality);
  // A copy of its own, so that it can be handed from thread to thread.
  return { bytes: Uint8Array.from(encoded), landmarks, aop };
}
