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

/** A frame with everything that is exported about it. */
export interface ExportedFrame {
  /** Name of the user's file. */
  readonly file: string;
  /** Frame number from 1; undefined for single-frame files. */
  readonly frame: number | undefined;
  readonly annotation: Annotation;
  /** Seconds that the user spent on the frame. */
  readonly seconds: number;
}

/** JSON document of all frames, with predictions and corrections. */
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
