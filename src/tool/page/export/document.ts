import { NOTICE } from '../../../model/index.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import {
  type Annotation,
  decisionOf,
  isCorrected,
  landmarksOf,
  measurementsOf,
  warningsAbout,
} from '../annotate/annotation.js';

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
      const { heatmaps: _, notice, ...prediction } = annotation.prediction;
      const { frameCount, width, height, spacing, pixelAspectRatio, fit, seen } = prediction;
      return {
        file,
        frame: frame ?? null,
        frameCount,
        width,
        height,
        spacing,
        pixelAspectRatio,
        fit,
        seen,
        landmarks: landmarksOf(annotation),
        ...measurementsOf(annotation),
        warnings: warningsAbout(annotation),
        decision: decisionOf(annotation),
        corrected: isCorrected(annotation),
        prediction: { ...prediction, computed: annotation.where },
        seconds: Math.round(10 * seconds) / 10,
      };
    }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
