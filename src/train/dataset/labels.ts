/**
 * Label files as the data set's layout has them, as text: what writes them to disk, or hands them to a person, is
 * elsewhere.
 */
import { stringify } from 'csv-stringify/sync';
import type { Landmarks, Point } from '../../model/landmarks.js';
import { LAYOUT, type Split } from './layout.js';

/** The labels of one image. */
export interface LabelRow {
  /** File name, without folders. */
  readonly file: string;
  /** In pixels of that image. */
  readonly landmarks: Landmarks;
  /** Angle of progression in degrees; a blank field where it is undefined. */
  readonly aop: number | undefined;
}

/** The landmarks of a split, with the angles where the split has no file of its own for them. */
export function labelsCsv(split: Split, rows: readonly LabelRow[]): string {
  const { tangency, angles } = LAYOUT[split];
  const titles = ['Filename', 'PS1', 'PS2', tangency];
  const points = rows.map(({ file, landmarks: { ps1, ps2, fh1 } }) => [file, ...[ps1, ps2, fh1].map(formatPoint)]);
  if (angles !== undefined) return stringify([titles, ...points]);
  return stringify([[...titles, 'AoP'], ...points.map((fields, i) => [...fields, formatAngle(rows[i])])]);
}

/** The file of angles that validation and test sets have beside their landmarks. */
export function anglesCsv(rows: readonly LabelRow[]): string {
  return stringify([['Filename', 'AoP'], ...rows.map((row) => [row.file, formatAngle(row)])]);
}

function formatAngle({ aop }: LabelRow): string {
  return aop === undefined ? '' : String(aop);
}

/** Shortest digits that read back to the same number. */
function formatPoint({ x, y }: Point): string {
  return `(${x}, ${y})`;
}
