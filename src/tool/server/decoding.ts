/** What happens to an upload before the network sees it. Pure, so that it runs in a thread of its own; see `DecoderPool`. */
import { greyBytes } from '../../train/image/grey-bytes.js';
import { fitFrame, ImageError, ImageTooLargeError, openImage, UnsupportedImageError } from '../../train/image/index.js';
import type { ProblemCode } from './problem.js';

export interface DecodeTask {
  readonly bytes: Uint8Array;
  /** From 1, as in DICOM. */
  readonly frame: number;
  /** Side of the network's frame. */
  readonly size: number;
  readonly mostPixels: number;
  readonly mostFrames: number;
}

/** A frame as the network takes it, and what is needed to report on it. */
export interface DecodedFrame {
  readonly format: 'PNG' | 'JPEG' | 'DICOM' | 'MetaImage';
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Millimetres per pixel. */
  readonly spacing: { readonly x: number; readonly y: number } | undefined;
  /** Luminance in [0, 1], size×size. */
  readonly pixels: Float32Array;
  /** Of `FrameTransform`. */
  readonly scale: number;
  readonly offset: { readonly x: number; readonly y: number };
  /** The whole frame in bytes, row-major, to draw on. */
  readonly picture: Uint8Array;
}

/** How uploads are called in sentences: their own names may be a person's. */
const NAME = 'The upload';

/** @throws ImageError and its subclasses */
export async function decodeUpload(task: DecodeTask): Promise<DecodedFrame> {
  const { bytes, frame: number, size, mostPixels, mostFrames } = task;
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
  const frame = await file.decode(number - 1);
  const { width, height, spacing } = frame;
  const { pixels, transform } = fitFrame(frame, size);
  const picture = greyBytes(frame.pixels);
  const { scale, offset } = transform;
  return { format, width, height, frameCount, spacing, pixels, scale, offset, picture };
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
  if (error instanceof ImageError) return 'unreadable-image';
  return undefined;
}
