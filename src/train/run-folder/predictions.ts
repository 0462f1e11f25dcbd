import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { SondeError } from '../../engine/errors.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import { angleError, type LandmarkCase, landmarkDistances } from '../metrics/index.js';

/** A file of predictions that cannot be read. */
export class PredictionsError extends SondeError {
  override name = 'PredictionsError';
}

/** What a model said about one frame, and the truth where it is known, in pixels of the same frame. */
export interface Prediction {
  readonly filename: string;
  readonly predicted: Landmarks;
  readonly truth?: Landmarks;
  /** Pixels of a 512 px frame in one of this frame's, which makes distances in frames of several sizes comparable. */
  readonly scale?: number;
}

const SCALE = 'Scale to 512';

/**
 * Predictions as CSV in the layout of the public data set: `Filename`, the landmarks as "(x, y)" in pixels, `AoP` in
 * degrees; where any frame has a truth, the truth and the errors (pixels, degrees); and where it is known, `Scale to 512`,
 * by which the frame's pixels become those of a 512 px frame. A cell is empty where there is no truth, or no angle because
 * two landmarks coincide.
 */
export function predictionsCsv(predictions: readonly Prediction[]): string {
  const withTruth = predictions.some(({ truth }) => truth !== undefined);
  const withScale = predictions.some(({ scale }) => scale !== undefined);
  const header = ['Filename', ...landmarkHeaders(''), 'AoP'];
  if (withTruth) {
    header.push(...landmarkHeaders(' truth'), 'AoP truth', ...landmarkHeaders(' error (px)'), 'AoP error (degrees)');
  }
  const rows = predictions.map(({ filename, predicted, truth, scale }) => {
    const row = [filename, ...describe(predicted)];
    if (withTruth) row.push(...(truth === undefined ? [] : [...describe(truth), ...errors({ predicted, truth })]));
    const padded = [...row, ...new Array<string>(header.length - row.length).fill('')];
    return withScale ? [...padded, scale === undefined ? '' : String(scale)] : padded;
  });
  return stringify([withScale ? [...header, SCALE] : header, ...rows]);
}

/**
 * The predictions in the text that `predictionsCsv` has written. Angles and errors follow from the landmarks and are not
 * read; columns of other names are left alone.
 *
 * @param source What the text was read from, for error messages.
 * @throws PredictionsError where the text is not CSV, a column is missing or a cell holds something else than it should
 */
export function parsePredictionsCsv(text: string, source = 'predictions'): Prediction[] {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new PredictionsError(
      `${source} is not a table of predictions (${(cause as Error).message}); evaluate the run again.`,
      { cause },
    );
  }
  return rows.map((row, index) => {
    const at = `${source}, row ${index + 1}`;
    const scale = row[SCALE] ? Number(row[SCALE]) : undefined;
    if (scale !== undefined && !(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
      throw new PredictionsError(`${at}: ${SCALE} is "${row[SCALE]}", which is no scale; evaluate the run again.`);
    }
    const truth = row['PS1 truth'] ? landmarksOf(row, ' truth', at) : undefined;
    return { filename: cell(row, 'Filename', at), predicted: landmarksOf(row, '', at), truth, scale };
  });
}

function landmarksOf(row: Record<string, string>, suffix: string, at: string): Landmarks {
  const [ps1, ps2, fh1] = landmarkHeaders(suffix).map((header): Point => {
    const text = cell(row, header, at);
    const [, x, y] = /^\(([^,]+),([^,]+)\)$/.exec(text) ?? [];
    const point = { x: Number(x), y: Number(y) };
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) {
      throw new PredictionsError(`${at}: ${header} is "${text}", not a point "(x, y)"; evaluate the run again.`);
    }
    return point;
  });
  return { ps1, ps2, fh1 };
}

function cell(row: Record<string, string>, header: string, at: string): string {
  const text = row[header];
  if (text === undefined) throw new PredictionsError(`${at}: there is no column ${header}; evaluate the run again.`);
  return text;
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
