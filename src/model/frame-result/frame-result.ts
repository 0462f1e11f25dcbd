/** The result of one frame: the same in the command, from the server, in the page and in a page of one's own. */
import type { CoordinateGrid } from '../../kernels/index.js';
import { mapLandmarks, scaleTo512 } from '../coordinates.js';
import type { Fit, Region } from '../fit-frame.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import type { FramePrediction } from '../predictor.js';
import {
  type AngleUncertainty,
  type Calibration,
  doubtsAbout,
  type FrameDistance,
  type FrameUncertainty,
  frameUncertainty,
  scaleUncertainty,
} from '../uncertainty/index.js';
import { type HeatmapLevels, heatmapLevels } from './heatmap-levels.js';
import { type Measurements, measure, type Spacing } from './measure.js';
import { NOTICE } from './notice.js';
import { type FrameView, transformOf } from './view.js';
import { warningsOf } from './warnings.js';

/** Which frame it is, as its file says. */
export interface FrameSource {
  /** Number of the frame, from 1 as in DICOM. */
  readonly frame: number;
  /** Frames of the file. */
  readonly frameCount: number;
  readonly width: number;
  readonly height: number;
  /** Millimetres per pixel, where the file says. */
  readonly spacing?: Spacing | undefined;
  /** Height of a pixel divided by its width, where the file gives that and no millimetres. */
  readonly pixelAspectRatio?: number | undefined;
}

/** Facts about the network that predicts. */
export interface NetworkFacts {
  /** Side of its frames, pixels. */
  readonly size: number;
  readonly grid: CoordinateGrid;
  readonly calibration?: Calibration | undefined;
}

/** The uncertainty of a prediction. */
export interface ResultUncertainty {
  /** Whether the numbers were calibrated on frames whose truth is known. Else they are the widths of the heatmaps. */
  readonly calibrated: boolean;
  /** Mean over the landmarks of the distances from the truth to be expected, pixels of the frame. */
  readonly predictedError: number;
  /** Covariance and error of each landmark, in pixels of the frame. */
  readonly landmarks: FrameUncertainty['landmarks'];
  /** Null where there is no angle. */
  readonly aop: AngleUncertainty | null;
  /** Distance from the frames that the model knows; null where the calibration does not describe them. */
  readonly distance: FrameDistance | null;
}

export interface FrameResult extends Measurements {
  /** Number of the frame, from 1 as in DICOM. */
  readonly frame: number;
  /** Frames of the file. */
  readonly frameCount: number;
  readonly width: number;
  readonly height: number;
  /** Millimetres per pixel, null where the file does not say. */
  readonly spacing: Spacing | null;
  /** Height of a pixel divided by its width; null where the file gives millimetres, or neither. */
  readonly pixelAspectRatio: number | null;
  readonly fit: Fit;
  /** The part of the frame that the network saw, pixels from the upper left corner. */
  readonly seen: Region;
  /** See `FrameView`. */
  readonly brightOutside: number;
  /** Landmarks in the frame's own pixels, whole numbers at pixel centres. */
  readonly landmarks: Landmarks;
  /** How far each landmark's heatmap stands behind the point, 0 to 1: see `FramePrediction`. */
  readonly confidence: Readonly<Record<keyof Landmarks, number>>;
  readonly uncertainty: ResultUncertainty;
  /** Whether a person should look at every landmark: there are doubts. */
  readonly lowConfidence: boolean;
  /** Why, one sentence each. */
  readonly doubts: readonly string[];
  /** What else a reader of the result must know, one sentence each. */
  readonly warnings: readonly string[];
  /** The predictions of an ensemble's members, in the frame's own pixels. */
  readonly members?: readonly Landmarks[];
  readonly heatmaps?: HeatmapLevels;
  readonly notice: string;
}

/** A prediction brought from the network's frame to the one that was given, with everything that follows from it. */
export function frameResult(
  prediction: FramePrediction,
  view: FrameView,
  { frame, frameCount, width, height, spacing, pixelAspectRatio }: FrameSource,
  network: NetworkFacts,
): FrameResult {
  const { size, calibration } = network;
  const { fit, seen, brightOutside } = view;
  const transform = transformOf(view);
  const inFrame = (own: Landmarks) => mapLandmarks(own, (point) => within(transform.toFrame(point), seen));
  const landmarks = inFrame(prediction.landmarks);
  const measurements = measure(landmarks, { spacing, pixelAspectRatio, seen });
  const own = frameUncertainty(scaleTo512(prediction.landmarks, size), prediction.uncertainty, calibration);
  const { distance, reasons } = doubtsAbout(prediction, own, calibration);
  const doubts = [...reasons, ...displaced(prediction.landmarks, (point) => transform.toFrame(point), seen)];
  const { predictedError, landmarks: errors, aop } = scaleUncertainty(own, size / (512 * transform.scale));
  const facts = {
    frame,
    frameCount,
    width,
    height,
    spacing: spacing ?? null,
    pixelAspectRatio: pixelAspectRatio ?? null,
    fit,
    seen,
    brightOutside,
    landmarks,
    ...measurements,
    confidence: prediction.confidence,
    uncertainty: {
      calibrated: calibration !== undefined,
      predictedError,
      landmarks: errors,
      aop: (measurements.aop === null ? undefined : aop) ?? null,
      distance: distance ?? null,
    },
    lowConfidence: doubts.length > 0,
    doubts,
  };
  return {
    ...facts,
    warnings: warningsOf(landmarks, facts),
    ...(prediction.members && { members: prediction.members.map(inFrame) }),
    ...(prediction.heatmaps && { heatmaps: heatmapLevels(prediction.heatmaps, transform, network) }),
    notice: NOTICE,
  };
}

/**
 * The nearest point that lies on what the network saw: with `pad` the bars belong to its square and not to the image.
 */
function within({ x, y }: Point, seen: Region): Point {
  const clamp = (value: number, start: number, extent: number) =>
    Math.min(Math.max(value, start - 0.5), start + extent - 0.5);
  return { x: clamp(x, seen.x, seen.width), y: clamp(y, seen.y, seen.height) };
}

/** Rounding, in pixels: what lies on the border may come out a little beyond it. */
const ROUNDING = 1e-3;

function displaced(predicted: Landmarks, toFrame: (point: Point) => Point, seen: Region): string[] {
  return LANDMARK_NAMES.flatMap((name) => {
    const at = toFrame(predicted[name]);
    const { x, y } = within(at, seen);
    const off = Math.hypot(at.x - x, at.y - y);
    if (off <= ROUNDING) return [];
    return [
      `${name.toUpperCase()} was predicted ${off.toFixed(1)} px outside the image, in the black bars of the padding; it was moved to the border.`,
    ];
  });
}
