/** What the tool says about one frame: the same in the page, where the page computes it, and from the server. */
import type { CoordinateGrid } from '../kernels/index.js';
import { mapLandmarks } from '../model/coordinates.js';
import type { FrameTransform } from '../model/fit-frame.js';
import { fromNormalised, toNormalised } from '../model/frame-coordinates.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks } from '../model/landmarks.js';
import type { FramePrediction, PredictedHeatmaps } from '../model/predictor.js';
import {
  type Calibration,
  type FrameUncertainty,
  frameUncertainty,
  scaleUncertainty,
} from '../model/uncertainty/index.js';
import { scaleTo512 } from '../train/metrics/frame.js';

/** Millimetres per pixel along each axis. */
export interface Spacing {
  readonly x: number;
  readonly y: number;
}

/** Heatmaps to lay over a frame: for each landmark its own map, scaled so that its highest cell is 255. */
export interface HeatmapLevels {
  readonly height: number;
  readonly width: number;
  /** Where the maps lie in the frame, in pixels from its top left corner. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Landmark by landmark, row-major: 3×height×width. */
  readonly levels: Uint8Array;
}

/** How far off a prediction may be, by the run's calibration. */
export interface CalibratedUncertainty {
  /** Distance from the truth to be expected, pixels of the frame. */
  readonly predictedErrors: Readonly<Record<keyof Landmarks, number>>;
  /** 95 % interval of the angle, degrees; null where there is no angle. */
  readonly aop: { readonly low: number; readonly high: number } | null;
  /** Whether a person should look closely; null where the run has no threshold for it. */
  readonly lowConfidence: boolean | null;
}

/** What the network that predicts is like. */
export interface NetworkFacts {
  /** Side of its frames, pixels. */
  readonly size: number;
  readonly grid: CoordinateGrid;
  readonly calibration: Calibration | undefined;
}

export interface FrameResult {
  /** In the frame's own pixels, whole numbers at pixel centres. */
  readonly landmarks: Landmarks;
  readonly confidence: Readonly<Record<keyof Landmarks, number>>;
  /** Null for a run that was not calibrated. */
  readonly uncertainty: CalibratedUncertainty | null;
  readonly heatmaps?: HeatmapLevels;
}

/** A prediction brought from the network's frame to the one that was given. */
export function toFrameResult(
  prediction: FramePrediction,
  transform: FrameTransform,
  network: NetworkFacts,
): FrameResult {
  const { confidence, heatmaps } = prediction;
  const landmarks = mapLandmarks(prediction.landmarks, (point) => transform.toFrame(point));
  const uncertainty = toUncertainty(prediction, transform, network);
  return { landmarks, confidence, uncertainty, ...(heatmaps && { heatmaps: toLevels(heatmaps, transform, network) }) };
}

function toUncertainty(
  { landmarks, uncertainty }: FramePrediction,
  { scale }: FrameTransform,
  { size, calibration }: NetworkFacts,
): CalibratedUncertainty | null {
  // Without a calibration the numbers are the widths of the heatmaps, which say little about errors.
  if (calibration === undefined) return null;
  const own: FrameUncertainty = scaleUncertainty(
    frameUncertainty(scaleTo512(landmarks, size), uncertainty, calibration),
    size / (512 * scale),
  );
  const { ps1, ps2, fh1 } = own.landmarks;
  return {
    predictedErrors: { ps1: ps1.predictedError, ps2: ps2.predictedError, fh1: fh1.predictedError },
    aop: own.aop ? { low: own.aop.low, high: own.aop.high } : null,
    lowConfidence: own.lowConfidence ?? null,
  };
}

function toLevels(
  { height, width, values }: PredictedHeatmaps,
  transform: FrameTransform,
  { size, grid }: NetworkFacts,
): HeatmapLevels {
  const cells = height * width;
  const levels = new Uint8Array(LANDMARK_NAMES.length * cells);
  for (const k of LANDMARK_NAMES.keys()) {
    let highest = 0;
    for (let cell = 0; cell < cells; cell++) highest = Math.max(highest, values[3 * cell + k]);
    if (!(highest > 0)) continue;
    for (let cell = 0; cell < cells; cell++) {
      levels[k * cells + cell] = Math.round((255 * Math.max(0, values[3 * cell + k])) / highest);
    }
  }
  // Cells reach half a step beyond the centres of the outermost ones; pixels likewise.
  const edge = (cell: number, extent: number) => fromNormalised(toNormalised(cell, extent, grid), size, grid);
  const topLeft = transform.toFrame({ x: edge(-0.5, width), y: edge(-0.5, height) });
  const bottomRight = transform.toFrame({ x: edge(width - 0.5, width), y: edge(height - 0.5, height) });
  const box = {
    x: topLeft.x + 0.5,
    y: topLeft.y + 0.5,
    width: bottomRight.x - topLeft.x,
    height: bottomRight.y - topLeft.y,
  };
  return { height, width, box, levels };
}

/** What follows from where the landmarks are, whoever put them there. */
export interface Measurements {
  /** Angle of progression in the frame's pixels, degrees; null where two landmarks coincide. */
  readonly aop: number | null;
  /** The same in millimetres, where pixels are not square and the two therefore differ. */
  readonly aopInMillimetres: number | null;
  /** Lengths of the two rays, millimetres; null where the file gives no spacing. */
  readonly rays: { readonly ps1ps2: number; readonly ps1fh1: number } | null;
}

/** Pixels whose sides differ by less are square: files give spacings with three digits. */
const SQUARE_WITHIN = 0.005;

export function isSquare({ x, y }: Spacing): boolean {
  return Math.abs(x / y - 1) <= SQUARE_WITHIN;
}

export function measure(landmarks: Landmarks, spacing: Spacing | undefined): Measurements {
  const aop = angleOfProgression(landmarks) ?? null;
  if (spacing === undefined) return { aop, aopInMillimetres: null, rays: null };
  const millimetres = mapLandmarks(landmarks, ({ x, y }) => ({ x: x * spacing.x, y: y * spacing.y }));
  const { ps1, ps2, fh1 } = millimetres;
  return {
    aop,
    aopInMillimetres: isSquare(spacing) ? null : (angleOfProgression(millimetres) ?? null),
    rays: {
      ps1ps2: Math.hypot(ps2.x - ps1.x, ps2.y - ps1.y),
      ps1fh1: Math.hypot(fh1.x - ps1.x, fh1.y - ps1.y),
    },
  };
}

/** What a reader of the result must know, one sentence each. */
export function warningsOf(
  landmarks: Landmarks,
  frame: { readonly width: number; readonly height: number; readonly spacing?: Spacing | undefined },
): string[] {
  const warnings: string[] = [];
  const { width, height, spacing } = frame;
  if (spacing && !isSquare(spacing)) {
    const { aopInMillimetres } = measure(landmarks, spacing);
    warnings.push(
      `Pixels are not square (${digits(spacing.x)} × ${digits(spacing.y)} mm): the angle in the picture is not the patient's` +
        `${aopInMillimetres === null ? '.' : `, which is ${aopInMillimetres.toFixed(1)}°.`}`,
    );
  }
  const outside = LANDMARK_NAMES.filter((name) => {
    const { x, y } = landmarks[name];
    return x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5;
  });
  if (outside.length > 0) {
    const names = outside.map((name) => name.toUpperCase()).join(' and ');
    warnings.push(`${names} ${outside.length === 1 ? 'lies' : 'lie'} outside the frame.`);
  }
  return warnings;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** What a reader of a prediction must know about how sure it is. */
export function doubtsOf({ uncertainty }: FrameResult): string[] {
  return uncertainty?.lowConfidence ? ['The model is unsure of this frame: check every landmark.'] : [];
}

/** What must stand wherever results are shown. */
export const NOTICE = 'For research use only. Not a medical device; not for diagnosis or treatment.';
