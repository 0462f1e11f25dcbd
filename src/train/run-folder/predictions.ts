import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { SondeError } from '../../engine/errors.js';
import type { FrameUncertainty } from '../../model/index.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import { angleError, type LandmarkCase, landmarkDistances } from '../metrics/index.js';
import { type Column, numberText, tupleText } from './column.js';
import { type Provenance, provenanceSchema } from './provenance.js';
import { uncertaintyColumns } from './uncertainty-columns.js';

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
  /** How sure the model was, in pixels of this frame. */
  readonly uncertainty?: FrameUncertainty;
  /** Which weights said it of which data set, and how its heatmap was read. */
  readonly origin?: PredictionOrigin;
}

export interface PredictionOrigin extends Provenance {
  readonly decoding: string;
}

const SCALE = 'Scale to 512';

/**
 * Predictions as CSV in the layout of the public data set: `Filename`, the landmarks as "(x, y)" in pixels, `AoP` in
 * degrees; where any frame has a truth, the truth and the errors (pixels, degrees); and where it is known, `Scale to
 * 512`, by which the frame's pixels become those of a 512 px frame; then how sure the model was, see
 * `uncertaintyColumns`; and last, in every row, the decoding and the SHA-256 of weights and data, so that whoever reads
 * a part of the table has them. A cell is empty where there is no truth, or no angle because two landmarks coincide.
 */
export function predictionsCsv(predictions: readonly Prediction[]): string {
  const withTruth = predictions.some(({ truth }) => truth !== undefined);
  const withScale = predictions.some(({ scale }) => scale !== undefined);
  const columns: Column<Prediction>[] = [
    { header: 'Filename', cell: ({ filename }) => filename },
    ...landmarkColumns('', ({ predicted }) => predicted),
    ...(withTruth ? [...landmarkColumns(' truth', ({ truth }) => truth), ...errorColumns()] : []),
    ...(withScale
      ? [{ header: SCALE, cell: ({ scale }: Prediction) => (scale === undefined ? '' : String(scale)) }]
      : []),
    ...uncertaintyColumns(predictions),
    ...originColumns(predictions),
  ];
  const rows = predictions.map((prediction) => columns.map(({ cell }) => cell(prediction)));
  return stringify([columns.map(({ header }) => header), ...rows]);
}

/**
 * The predictions in the text that `predictionsCsv` has written. Angles and errors follow from the landmarks and are
 * not read; columns of other names are left alone.
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
    return {
      filename: cell(row, 'Filename', at),
      predicted: landmarksOf(row, '', at),
      truth,
      scale,
      ...originOf(row, at),
    };
  });
}

const ORIGIN = { decoding: 'Decoding', weights: 'Weights SHA-256', data: 'Data SHA-256' } as const;

function originColumns(predictions: readonly Prediction[]): Column<Prediction>[] {
  if (predictions.every(({ origin }) => origin === undefined)) return [];
  return (['decoding', 'weights', 'data'] as const).map((key) => ({
    header: ORIGIN[key],
    cell: ({ origin }: Prediction) => origin?.[key] ?? '',
  }));
}

function originOf(row: Record<string, string>, at: string): Pick<Prediction, 'origin'> {
  const { [ORIGIN.decoding]: decoding, [ORIGIN.weights]: weights, [ORIGIN.data]: data } = row;
  if (!decoding && !weights && !data) return {};
  const known = provenanceSchema.safeParse({ weights, data });
  if (known.success && decoding) return { origin: { decoding, ...known.data } };
  throw new PredictionsError(
    `${at}: ${Object.values(ORIGIN).join(', ')} do not say which weights and data it is of; evaluate the run again.`,
  );
}

function landmarksOf(row: Record<string, string>, suffix: string, at: string): Landmarks {
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name): Point => {
    const header = landmarkHeader(name, suffix);
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

function landmarkHeader(name: keyof Landmarks, suffix: string): string {
  return `${name.toUpperCase()}${suffix}`;
}

/** Three points and the angle. */
function landmarkColumns(
  suffix: string,
  landmarksOf: (prediction: Prediction) => Landmarks | undefined,
): Column<Prediction>[] {
  const points = LANDMARK_NAMES.map((name): Column<Prediction> => {
    const cell = (prediction: Prediction) => {
      const point = landmarksOf(prediction)?.[name];
      return point === undefined ? '' : tupleText(point.x, point.y);
    };
    return { header: landmarkHeader(name, suffix), cell };
  });
  const angle = (prediction: Prediction) => {
    const landmarks = landmarksOf(prediction);
    return landmarks && angleOfProgression(landmarks);
  };
  return [...points, { header: `AoP${suffix}`, cell: (prediction) => numberText(angle(prediction)) }];
}

function errorColumns(): Column<Prediction>[] {
  const known = ({ predicted, truth }: Prediction): LandmarkCase | undefined => truth && { predicted, truth };
  const distances = LANDMARK_NAMES.map((name, k): Column<Prediction> => {
    const cell = (prediction: Prediction) => {
      const both = known(prediction);
      return numberText(both && landmarkDistances(both)[k]);
    };
    return { header: landmarkHeader(name, ' error (px)'), cell };
  });
  const angle = (prediction: Prediction) => {
    const both = known(prediction);
    return numberText(both && angleError(both));
  };
  return [...distances, { header: 'AoP error (degrees)', cell: angle }];
}
