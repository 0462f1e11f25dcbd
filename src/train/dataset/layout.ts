import { SondeError } from '../../engine/errors.js';

/** A data set that cannot be read or written: what was looked for, in which file and row. */
export class DatasetError extends SondeError {
  override name = 'DatasetError';
}

/** Parts of a data set, as the IUGC 2025 challenge splits it. */
export type Split = 'train' | 'validation' | 'test';

export const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

interface SplitLayout {
  /** Folder of the labels and images below the data set's root. */
  readonly folder: readonly string[];
  readonly labels: string;
  /** Column of the FH1 point. */
  readonly tangency: string;
  /** File of the angles; absent where they are a column of the labels. */
  readonly angles?: string;
}

/** Names as they stand in the public data, and as they are written. */
export const LAYOUT: Record<Split, SplitLayout> = {
  train: { folder: ['Training', 'Labeled cases'], labels: 'label.csv', tangency: 'FH1' },
  validation: {
    folder: ['Validation'],
    labels: 'landmarks_data.csv',
    tangency: 'AOP Tangency',
    angles: 'aop_results.csv',
  },
  test: { folder: ['Testing'], labels: 'landmarks_data.csv', tangency: 'AOP Tangency', angles: 'aop_results.csv' },
};

/** Folder names that stand for a split, compared as `plain` leaves them. */
export const SPLIT_FOLDERS: Record<Split, readonly string[]> = {
  train: ['training', 'train'],
  validation: ['validation', 'val', 'valid'],
  test: ['testing', 'test'],
};

/**
 * In the root of a data set that the page has saved: which labels a person has corrected, and of which model's
 * predictions.
 */
export const CORRECTIONS_FILE = 'corrections.json';

export const LABEL_FILES: readonly string[] = ['labelcsv', 'labelscsv', 'landmarksdatacsv', 'landmarkscsv'];
export const ANGLE_FILES: readonly string[] = ['aopresultscsv', 'aopcsv'];

/** Columns, compared as `plain` leaves them. */
export const COLUMNS = {
  file: ['filename', 'file', 'image', 'imagename', 'name'],
  ps1: ['ps1'],
  ps2: ['ps2'],
  fh1: ['fh1', 'aoptangency', 'tangency'],
  aop: ['aop', 'aopvalue', 'aopresult', 'aopresults', 'aopdegrees', 'angleofprogression'],
} as const;

/**
 * A name without case, spaces and punctuation, as which names are compared: the copies in circulation differ in them.
 */
export function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
