import { existsSync } from 'node:fs';
import { DatasetError } from './layout.js';

/** A data set among those that a run trains on. */
export interface DataSource {
  /** In the IUGC 2025 layout. */
  readonly folder: string;
  /** How often an epoch takes each of its training frames: 3 for three times, 0.5 for every other epoch on average. */
  readonly weight: number;
}

/** The largest weight: beyond it, an epoch would hardly show anything else. */
const MOST = 100;

/**
 * Reads `data`, or with a weight `corrected=3`. A folder whose own name ends in `=3` is taken as it is.
 *
 * @throws DatasetError for a weight out of range
 */
export function parseDataSource(text: string): DataSource {
  const [, folder, number] = /^(.+)=([^=/\\]*)$/.exec(text) ?? [];
  if (folder === undefined || existsSync(text)) return { folder: text, weight: 1 };
  const weight = number.trim() === '' ? Number.NaN : Number(number);
  if (!(weight > 0 && weight <= MOST)) {
    throw new DatasetError(
      `${text}: the weight after = is "${number}"; give a number above 0, up to ${MOST}, as in ${folder}=3, or leave it out.`,
    );
  }
  return { folder, weight };
}
