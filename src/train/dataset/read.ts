import { dirname } from 'node:path';
import type { Landmarks } from '../../model/landmarks.js';
import { COLUMNS, DatasetError, type Split } from './layout.js';
import { findAngles, findImage, findImages, findLabels, imageKey } from './locate.js';
import { findColumn, readAngle, readPoint, readTable, requireColumn, type Table } from './table.js';

/** One image with its labels, not yet opened. */
export interface LabelledCase {
  /** File name as the labels give it. */
  readonly file: string;
  /** Where the image is. */
  readonly path: string;
  /** In pixels of the image as it is on disk. */
  readonly landmarks: Landmarks;
  /**
   * Angle of progression in degrees as the data set gives it, which is rounded or measured anew; absent in some copies.
   */
  readonly aop?: number;
  /** The label file and the row in it (the header is row 1), for messages. */
  readonly source: { readonly path: string; readonly row: number };
}

/**
 * Reads the labels of one split of a data set in the IUGC 2025 layout and finds its images:
 * `Training/Labeled cases/label.csv` with images beside it, `Validation/landmarks_data.csv` and `aop_results.csv`,
 * `Testing/` likewise. Case, spaces and punctuation of folder, file and column names do not matter, nor whether the
 * tangent point's column is FH1 or AOP Tangency, nor whether images lie beside the labels or in a folder there.
 *
 * @throws DatasetError naming the file and the row
 */
export async function readDataset(directory: string, split: Split): Promise<LabelledCase[]> {
  const labelsPath = await findLabels(directory, split);
  const table = await readTable(labelsPath);
  const file = requireColumn(table, 'Filename', COLUMNS.file);
  const ps1 = requireColumn(table, 'PS1', COLUMNS.ps1);
  const ps2 = requireColumn(table, 'PS2', COLUMNS.ps2);
  const fh1 = requireColumn(table, 'FH1 (or AOP Tangency)', COLUMNS.fh1);
  const angles = await readAngles(table);
  const images = await findImages(dirname(labelsPath));
  const rowOf = new Map<string, number>();

  return table.rows.map((row) => {
    const name = row.fields[file];
    if (name === '')
      throw new DatasetError(`${table.path}, row ${row.number}: the file name is empty; name the image.`);
    const key = imageKey(name);
    const earlier = rowOf.get(key);
    if (earlier !== undefined) {
      throw new DatasetError(
        `${table.path}, row ${row.number}: ${name} was already in row ${earlier}; keep one of the two.`,
      );
    }
    rowOf.set(key, row.number);
    const landmarks = {
      ps1: readPoint(table, row, ps1),
      ps2: readPoint(table, row, ps2),
      fh1: readPoint(table, row, fh1),
    };
    const path = findImage(images, name);
    if (path === undefined) {
      throw new DatasetError(
        `${table.path}, row ${row.number}: the image ${name} is not in ${dirname(labelsPath)} or a folder in it; ` +
          'copy it there or remove the row.',
      );
    }
    const aop = angles.get(key);
    return {
      file: name,
      path,
      landmarks,
      ...(aop === undefined ? {} : { aop }),
      source: { path: table.path, row: row.number },
    };
  });
}

/** Angles by image, from the labels' own column or from the file beside them. */
async function readAngles(labels: Table): Promise<Map<string, number>> {
  const angles = new Map<string, number>();
  const collect = (table: Table, file: number, column: number) => {
    for (const row of table.rows) {
      const angle = readAngle(table, row, column);
      if (angle !== undefined) angles.set(imageKey(row.fields[file]), angle);
    }
  };
  const own = findColumn(labels, COLUMNS.aop);
  if (own !== undefined) collect(labels, requireColumn(labels, 'Filename', COLUMNS.file), own);
  else {
    const beside = await findAngles(labels.path);
    if (beside === undefined) return angles;
    const table = await readTable(beside);
    collect(table, requireColumn(table, 'Filename', COLUMNS.file), requireColumn(table, 'AoP', COLUMNS.aop));
  }
  return angles;
}
