import type { Region } from '../fit-frame.js';
import type { Landmarks } from '../landmarks.js';
import type { FrameDistance } from '../uncertainty/index.js';
import { measure, oblongPixels, type Spacing } from './measure.js';

/** Luminance from which a patch of the picture counts as bright: speckle of tissue is, a dark background is not. */
const BRIGHT = 0.2;

/** The part of a result that the warnings depend on. */
export interface WarnedFrame {
  readonly width: number;
  readonly height: number;
  readonly spacing: Spacing | null;
  readonly pixelAspectRatio: number | null;
  readonly seen: Region;
  readonly brightOutside: number;
  readonly uncertainty: { readonly calibrated: boolean; readonly distance: FrameDistance | null };
}

/** Warnings about landmarks in a frame, one sentence each; the landmarks may have been moved since. */
export function warningsOf(landmarks: Landmarks, frame: WarnedFrame): string[] {
  const { spacing, seen, brightOutside, uncertainty } = frame;
  const oblong = oblongPixels(frame);
  const warnings: string[] = [];
  if (oblong) {
    const { aopInMillimetres } = measure(landmarks, frame);
    warnings.push(
      `Pixels are not square (${digits(oblong.x)} × ${digits(oblong.y)}${spacing ? ' mm' : ''}): the angle in the picture is not the patient's` +
        `${aopInMillimetres === null ? '.' : `, which is ${aopInMillimetres.toFixed(1)}°.`}`,
    );
  }
  if (brightOutside > BRIGHT) {
    warnings.push(
      `The network sees only ${digits(seen.width, 3)}×${digits(seen.height, 3)} of ${frame.width}×${frame.height} px, and there is bright content ` +
        '(luminance ' +
        `${brightOutside.toFixed(2)}) outside of it: crop the picture to the ultrasound image, or choose fit “pad”.`,
    );
  }
  if (!uncertainty.calibrated) {
    warnings.push(
      'The model is not calibrated: its expected errors are the widths of its heatmaps, and unfamiliar frames are not detected. ' +
        'Evaluate its run to calibrate it.',
    );
  } else if (uncertainty.distance === null) {
    warnings.push(
      'The model’s calibration does not describe the frames it knows (it is of an older version, or of fewer than ten frames): ' +
        'unfamiliar frames are not detected. Evaluate its run again to update it.',
    );
  }
  return warnings;
}

function digits(value: number, precision = 4): string {
  return String(Number(value.toPrecision(precision)));
}
