/** Decoding and resizing of uploads. Pure functions, so that they can run in a thread; see `openDecodingPool`. */

import { greyBytes } from '../../images/grey-bytes.js';
import { ImageTooLargeError, openImage } from '../../images/index.js';
import { type Fit, type FrameSelection, type PreparedFrame, prepareFrame, selectFrames } from '../../model/index.js';

export interface DecodeTask {
  readonly bytes: Uint8Array;
  readonly frames: FrameSelection;
  /** Chosen frames that were decoded before, and how many to decode at most. */
  readonly skip: number;
  readonly most: number;
  readonly fit: Fit;
  /** Input size of the network, pixels. */
  readonly size: number;
  readonly mostPixels: number;
  readonly mostFrames: number;
}

/** A frame as input of the network, and the whole frame in bytes, row-major, for the overlay picture. */
export interface DecodedFrame extends PreparedFrame {
  readonly picture: Uint8Array;
}

/** Decoded frames of an upload. */
export interface DecodedUpload {
  readonly format: 'PNG' | 'JPEG' | 'DICOM' | 'MetaImage';
  readonly frameCount: number;
  /** Number of frames that were selected. */
  readonly chosen: number;
  readonly frames: readonly DecodedFrame[];
}

/** Name of an upload in messages, since its file name may identify a patient. */
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
      `${NAME}: the file has ${frameCount} frames, but this server accepts at most ${mostFrames}; split it.`,
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
    `${NAME}: ${width}×${height} are ${width * height} pixels, but this server accepts at most ${most}; crop or downscale the image.`,
  );
}
