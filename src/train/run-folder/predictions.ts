import { stringify } from 'csv-stringify/sync';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import { angleError, type LandmarkCase, landmarkDistances } from '../metrics/index.js';

/** What a model said about one frame, and the truth where it is known, in pixels of the same frame. */
export interface Prediction {
  readonly filename: string;
  readonly predicted: Landmarks;
  readonly truth?: Landmarks;
}

/**
 * Predictions as CSV in the layout of the public data set: `Filename`, the landmarks as "(x, y)" in pixels, `AoP` in
 * degrees; and where any frame has a truth, the truth and the errors (pixels, degrees). A cell is empty where there is no
 * truth, or no angle because two landmarks coincide.
 */
export function predictionsCsv(predictions: readonly Prediction[]): string {
  const withTruth = predictions.some(({ truth }) => truth !== undefined);
  const header = ['Filename', ...landmarkHeaders(''), 'AoP'];
  if (withTruth) {
    header.push(...landmarkHeaders(' truth'), 'AoP truth', ...landmarkHeaders(' error (px)'), 'AoP error (degrees)');
  }
  const rows = predictions.map(({ filename, predicted, truth }) => {
    const row = [filename, ...describe(predicted)];
    if (withTruth) row.push(...(truth === undefined ? [] : [...describe(truth), ...errors({ predicted, truth })]));
    return [...row, ...new Array<string>(header.length - row.length).fill('')];
  });
  return stringify([header, ...rows]);
}

function landmarkHeaders(suffix: string): string[] {
  return LANDMARK_NAMES.map((name) => `${name.toUpperCase()}${suffix}`);
}

function describe(landmarks: Landmarks): string[] {
  return [...LANDMARK_NAMES.map((name) => pointText(landmarks[name])), number(angleOfProgression(landmarks))];
}

function errors(prediction: LandmarkCase): string[] {
  return [...landmarkDistances(prediction), angleError(prediction)].map(number);
}

function pointText({ x, y }: Point): string {
  return `(${number(x)}, ${number(y)})`;
}

/** Thousandths are far below what a label or a model can resolve. */
function number(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toFixed(3)));
}
