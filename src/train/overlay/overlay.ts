import sharp from 'sharp';
import type { Region } from '../../images/frame.js';
import { greyBytes } from '../../images/grey-bytes.js';
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { overlaySvg } from './drawing.js';
import { enlargedDrawing } from './enlarge.js';
import { OverlayError } from './marks.js';

export interface OverlayOptions {
  /** Grey values, row by row: bytes, or floats from 0 to 1. */
  readonly pixels: Uint8Array | Float32Array;
  readonly width: number;
  readonly height: number;
  /** Pixels of the frame, whole numbers at pixel centres. */
  readonly predicted: Landmarks;
  readonly truth?: Landmarks;
  /** Angle of progression of the prediction, degrees; null or undefined where it does not exist. */
  readonly aop: number | null | undefined;
  /** The same in millimetres, where pixels are not square. */
  readonly aopInMillimetres?: number | null;
  /** The part that the network saw; what lies outside of it is drawn darker. */
  readonly seen?: Region;
  /** Stands at the top left; cut short if it does not fit. */
  readonly title?: string;
}

/**
 * A frame with its landmarks, both rays and the angle drawn over it, as PNG. The truth, where given, is dashed and
 * green.
 *
 * @throws OverlayError where pixels and size disagree or a coordinate is not finite
 */
export async function renderOverlay(options: OverlayOptions): Promise<Uint8Array> {
  const { pixels, width, height, predicted, truth, aop, aopInMillimetres, seen, title } = options;
  if (pixels.length !== width * height) {
    throw new OverlayError(
      `A frame of ${width}×${height} px has ${width * height} grey values, and ${pixels.length} are given; make them agree.`,
    );
  }
  checkFinite('predicted', predicted);
  if (truth !== undefined) checkFinite('true', truth);

  const drawing = enlargedDrawing({ width, height, predicted, truth, aop, aopInMillimetres, seen, title });
  const svg = overlaySvg(drawing);
  const frame = sharp(bytesOf(pixels), { raw: { width, height, channels: 1 } })
    .resize(drawing.width, drawing.height, { kernel: 'cubic' })
    .toColourspace('srgb');
  return frame
    .composite([{ input: Buffer.from(svg) }])
    .removeAlpha()
    .png()
    .toBuffer();
}

export function bytesOf(pixels: Uint8Array | Float32Array): Uint8Array {
  if (pixels instanceof Uint8Array) return pixels;
  return greyBytes(pixels);
}

function checkFinite(role: string, landmarks: Landmarks): void {
  for (const name of LANDMARK_NAMES) {
    const { x, y } = landmarks[name];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      throw new OverlayError(`The ${role} ${name.toUpperCase()} is at (${x}, ${y}); draw finite coordinates only.`);
    }
  }
}
