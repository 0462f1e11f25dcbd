/** What happens to an upload before the network sees it. Pure, so that it runs in a thread of its own; see `DecoderPool`. */

import { greyBytes } from '../../images/grey-bytes.js';
import { ImageError, ImageTooLargeError, openImage, UnsupportedImageError } from '../../images/index.js';
import {
  type Fit,
  FrameError,
  type FrameSelection,
  type PreparedFrame,
  prepareFrame,
  selectFrames,
} from '../../model/index.js';
import type { ProblemCode } from './problem.js';

export interface DecodeTask {
  readonly bytes: Uint8Array;
  readonly frames: FrameSelection;
  /** Chosen frames that were decoded before, and how many to decode at most. */
  readonly skip: number;
  readonly most: number;
  readonly fit: Fit;
  /** Side of the network's frame. */
  readonly size: number;
  readonly mostPixels: number;
  readonly mostFrames: number;
}

/** A frame as the network takes it, and the whole of it in bytes, row-major, to draw on. */
export interface DecodedFrame extends PreparedFrame {
  readonly picture: Uint8Array;
}

/** Some frames of an upload. */
export interface DecodedUpload {
  readonly format: 'PNG' | 'JPEG' | 'DICOM' | 'MetaImage';
  readonly frameCount: number;
  /** Frames that were chosen, these and others. */
  readonly chosen: number;
  readonly frames: readonly DecodedFrame[];
}

/** How uploads are called in sentences: their own names may be a person's. */
const NAME = 'The upload';

/** @throws ImageError and its subclasses; FrameError for a frame that the upload does not have */
export async function decodeUpload(task: DecodeTask): Promise<DecodedUpload> {
  const { bytes, skip, most, fit, size, mostPixels, mostFrames } = task;
  const file = await openImage(bytes, NAME).catch((error: unknown) => {
    // Beyond what is read at all, and the server's own limit, which is the one to keep to, is lower.
    if (error instanceof ImageTooLargeError && error.size) checkPixels(error.size, mostPixels);
    throw error;
  });
  const { format, frameCount } = file;
  checkPixels(file, mostPixels);
  if (frameCount > mostFrames) {
    throw new ImageTooLargeError(
      `${NAME}: the file has ${frameCount} frames, and this server takes ${mostFrames}; split it.`,
    );
  }
  const chosen = selectFrames(task.frames, frameCount, NAME);
  const frames: DecodedFrame[] = [];
  for (const index of chosen.slice(skip, skip + most)) {
    const frame = await file.decode(index);
    const prepared = prepareFrame({ ...frame, frame: index + 1, frameCount }, size, fit);
    frames.push({ ...prepared, picture: greyBytes(frame.pixels) });
  }
  return { format, frameCount, chosen: chosen.length, frames };
}

function checkPixels({ width, height }: { readonly width: number; readonly height: number }, most: number): void {
  if (width * height <= most) return;
  throw new ImageTooLargeError(
    `${NAME}: ${width}×${height} are ${width * height} pixels, and this server takes ${most}; crop or reduce the image.`,
  );
}

/** What kind of problem an image is; undefined for errors that say nothing about the image. */
export function imageProblemCode(error: unknown): ProblemCode | undefined {
  if (error instanceof UnsupportedImageError) return 'unsupported-image';
  if (error instanceof ImageTooLargeError) return 'image-too-large';
  if (error instanceof ImageError || error instanceof FrameError) return 'unreadable-image';
  return undefined;
}
