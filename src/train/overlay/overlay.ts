import sharp from 'sharp';
import { SondeError } from '../../engine/errors.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import { overlaySvg } from './drawing.js';

/** An overlay that cannot be drawn. */
export class OverlayError extends SondeError {
  override name = 'OverlayError';
}

export interface OverlayOptions {
  /** Grey values, row by row: bytes, or floats from 0 to 1. */
  readonly pixels: Uint8Array | Float32Array;
  readonly width: number;
  readonly height: number;
  /** Pixels of the frame, whole numbers at pixel centres. */
  readonly predicted: Landmarks;
  readonly truth?: Landmarks;
  /** Angle of progression of the prediction, degrees; undefined where it does not exist. */
  readonly aop: number | undefined;
  /** Stands at the top left; cut short if it does not fit. */
  readonly title?: string;
}

/** Frames narrower than this are enlarged by a whole factor, so that lines and text stay crisp. */
const LEAST_WIDTH = 512;

/**
 * A frame with its landmarks, both rays and the angle drawn over it, as PNG. The truth, where given, is dashed and green.
 *
 * @throws OverlayError where pixels and size disagree or a coordinate is not finite
 */
export async function renderOverlay(options: OverlayOptions): Promise<Uint8Array> {
  const { pixels, width, height, predicted, truth, aop, title } = options;
  if (pixels.length !== width * height) {
    throw new OverlayError(
      `A frame of ${width}×${height} px has ${width * height} grey values, and ${pixels.length} are given; make them agree.`,
    );
  }
  checkFinite('predicted', predicted);
  if (truth !== undefined) checkFinite('true', truth);

  const scale = Math.max(1, Math.ceil(LEAST_WIDTH / width));
  const enlarged = (landmarks: Landmarks): Landmarks => {
    // From pixel centres at whole numbers to SVG, where the frame begins at 0.
    const enlarge = ({ x, y }: Point): Point => ({ x: (x + 0.5) * scale, y: (y + 0.5) * scale });
    return { ps1: enlarge(landmarks.ps1), ps2: enlarge(landmarks.ps2), fh1: enlarge(landmarks.fh1) };
  };
  const svg = overlaySvg({
    width: width * scale,
    height: height * scale,
    predicted: enlarged(predicted),
    truth: truth && enlarged(truth),
    aop,
    trueAop: truth && angleOfProgression(truth),
    title,
  });
  const frame = sharp(bytesOf(pixels), { raw: { width, height, channels: 1 } })
    .resize(width * scale, height * scale, { kernel: 'cubic' })
    .toColourspace('srgb');
  return frame
    .composite([{ input: Buffer.from(svg) }])
    .removeAlpha()
    .png()
    .toBuffer();
}

export function bytesOf(pixels: Uint8Array | Float32Array): Uint8Array {
  if (pixels instanceof Uint8Array) return pixels;
  return Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(Math.max(value, 0), 1)));
}

function checkFinite(role: string, landmarks: Landmarks): void {
  for (const name of LANDMARK_NAMES) {
    const { x, y } = landmarks[name];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      throw new OverlayError(`The ${role} ${name.toUpperCase()} is at (${x}, ${y}); draw finite coordinates only.`);
    }
  }
}
