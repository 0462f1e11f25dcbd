import { measure, NOTICE, warningsOf } from '../../frame-result.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import { type Annotation, decisionOf, isCorrected, landmarksOf } from '../annotate/annotation.js';

/** A frame with all that is exported of it. */
export interface ExportedFrame {
  /** As the person's file is called. */
  readonly file: string;
  /** From 1; undefined for files with one frame. */
  readonly frame: number | undefined;
  readonly annotation: Annotation;
  /** Time that the person spent on it. */
  readonly seconds: number;
}

/** JSON of frames: prediction and correction side by side. */
export function resultsJson(
  frames: readonly ExportedFrame[],
  model: ModelDescription,
  precision: Precision,
  created: Date,
): string {
  const document = {
    created: created.toISOString(),
    notice: NOTICE,
    model: { name: model.name, sha256: model.weights[precision].sha256, precision },
    frames: frames.map(({ file, frame, annotation, seconds }) => {
      const { width, height, spacing } = annotation.frame;
      const { landmarks, confidence, uncertainty } = annotation.prediction;
      const current = landmarksOf(annotation);
      return {
        file,
        frame: frame ?? null,
        width,
        height,
        spacing: spacing ?? null,
        landmarks: current,
        ...measure(current, spacing),
        warnings: warningsOf(current, annotation.frame),
        decision: decisionOf(annotation),
        corrected: isCorrected(annotation),
        prediction: { landmarks, ...measure(landmarks, spacing), confidence, uncertainty, computed: annotation.where },
        seconds: Math.round(10 * seconds) / 10,
      };
    }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
