import { type FrameResult, type Measurements, measure, warningsOf } from '../../../model/index.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../../../model/landmarks.js';
import { amend, begin, change, type History, redo, undo } from './history.js';

/** Where a prediction was computed. */
export type Where = 'page' | 'server';

/** Annotation of a frame: its predicted landmarks and the user's corrections. */
export interface Annotation {
  /** Result of the model; never changed. The pixels of the frame need not be in memory. */
  readonly prediction: FrameResult;
  readonly where: Where;
  readonly history: History<Landmarks>;
  /** Whether the user has confirmed the current landmarks. */
  readonly confirmed: boolean;
}

export function annotate(prediction: FrameResult, where: Where): Annotation {
  return { prediction, where, history: begin(prediction.landmarks), confirmed: false };
}

export function landmarksOf({ history }: Annotation): Landmarks {
  return history.present;
}

/** Angle and lengths of the current landmarks. */
export function measurementsOf(annotation: Annotation): Measurements {
  return measure(landmarksOf(annotation), annotation.prediction);
}

/** The anatomical angle: computed in millimetres if pixels are not square, otherwise in the picture. */
export function angleOf({ aop, aopInMillimetres }: Pick<Measurements, 'aop' | 'aopInMillimetres'>): number | null {
  return aopInMillimetres ?? aop;
}

/** Warnings about the current landmarks. */
export function warningsAbout(annotation: Annotation): string[] {
  return warningsOf(landmarksOf(annotation), annotation.prediction);
}

/** Whether the landmarks have been changed by the user. */
export function isCorrected({ history, prediction }: Annotation): boolean {
  return LANDMARK_NAMES.some((name) => distance(history.present[name], prediction.landmarks[name]) > 0);
}

/** `open` until the user confirms the frame, then `accepted` (unchanged) or `corrected`. */
export type Decision = 'open' | 'accepted' | 'corrected';

export function decisionOf(annotation: Annotation): Decision {
  if (!annotation.confirmed) return 'open';
  return isCorrected(annotation) ? 'corrected' : 'accepted';
}

/**
 * Moves a landmark, no further than the frame's border.
 *
 * @param step `new` to be undone by itself, `same` with the movement before
 */
export function moveLandmark(
  annotation: Annotation,
  name: keyof Landmarks,
  { x, y }: Point,
  step: 'new' | 'same',
): Annotation {
  const { width, height } = annotation.prediction;
  const within = (value: number, extent: number) => Math.min(Math.max(value, -0.5), extent - 0.5);
  const moved = { ...landmarksOf(annotation), [name]: { x: within(x, width), y: within(y, height) } };
  const apply = step === 'new' ? change : amend;
  return { ...annotation, history: apply(annotation.history, moved), confirmed: false };
}

/** Resets the landmarks to the prediction, as an undo step. */
export function resetToPrediction(annotation: Annotation): Annotation {
  if (!isCorrected(annotation)) return annotation;
  return { ...annotation, history: change(annotation.history, annotation.prediction.landmarks), confirmed: false };
}

export function undoChange(annotation: Annotation): Annotation {
  if (annotation.history.past.length === 0) return annotation;
  return { ...annotation, history: undo(annotation.history), confirmed: false };
}

export function redoChange(annotation: Annotation): Annotation {
  if (annotation.history.future.length === 0) return annotation;
  return { ...annotation, history: redo(annotation.history), confirmed: false };
}

export function confirm(annotation: Annotation): Annotation {
  return { ...annotation, confirmed: true };
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
