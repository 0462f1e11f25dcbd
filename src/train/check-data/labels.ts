import { dirname } from 'node:path';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import type { Split } from '../dataset/index.js';
import { COLUMNS } from '../dataset/layout.js';
import { findAngles, findImage, findImages, findLabels, type ImageIndex, imageKey } from '../dataset/locate.js';
import {
  angleNumber,
  checkFields,
  findColumn,
  pointNumbers,
  readAngle,
  readPoint,
  readRows,
  requireColumn,
  type Table,
  type TableRow,
} from '../dataset/table.js';
import type { Findings } from './findings.js';

/** An angle as a file gives it. */
export interface WrittenAngle {
  readonly degrees: number;
  /** Half a unit of the last digit it is written with, degrees. */
  readonly rounding: number;
}

/** One row of a label file, as far as it can be read. */
export interface LabelRow {
  readonly split: Split;
  /** The label file. */
  readonly path: string;
  readonly row: number;
  /** The image as the row names it. */
  readonly image: string;
  /** Where that image is, if it is there. */
  readonly imagePath: string | undefined;
  /** Undefined where a point cannot be read. */
  readonly landmarks: Landmarks | undefined;
  /** Half a unit of the last digit that the points are written with, px. */
  readonly rounding: number;
  readonly aop: WrittenAngle | undefined;
}

export interface SplitLabels {
  readonly split: Split;
  /** The label file. */
  readonly path: string;
  readonly rows: readonly LabelRow[];
  /** Images as rows name them, also those that cannot be read. */
  readonly named: ReadonlySet<string>;
  readonly images: ImageIndex;
}

/**
 * Reads the labels of a split as `readDataset` does, and goes on where that would stop.
 *
 * @returns undefined where there is no table that can be read
 * @throws DatasetError where there is no folder `directory`
 */
export async function readLabels(
  directory: string,
  split: Split,
  findings: Findings,
): Promise<SplitLabels | undefined> {
  const missing = split === 'train' ? 'error' : 'warning';
  const root = { split, path: directory };
  const path = await findings.attempt('split-missing', root, () => findLabels(directory, split), missing);
  if (path === undefined) return undefined;
  const opened = await findings.attempt('labels-unreadable', { split, path }, async () => {
    const table = await readRows(path);
    const file = requireColumn(table, 'Filename', COLUMNS.file);
    const ps1 = requireColumn(table, 'PS1', COLUMNS.ps1);
    const ps2 = requireColumn(table, 'PS2', COLUMNS.ps2);
    const fh1 = requireColumn(table, 'FH1 (or AOP Tangency)', COLUMNS.fh1);
    return { table, file, columns: { ps1, ps2, fh1 } };
  });
  if (!opened) return undefined;
  const { table, file, columns } = opened;
  const angles = await readAngles(table, split, findings);
  const images = await findImages(dirname(path));
  const rows: LabelRow[] = [];
  for (const row of table.rows) {
    const image = row.fields[file] ?? '';
    const place = { split, path, row: row.number, ...(image === '' ? {} : { image }) };
    const whole = await findings.attempt('row-unreadable', place, () => {
      checkFields(table, row);
      return true;
    });
    if (!whole) continue;
    if (image === '') {
      findings.add('row-unreadable', place, 'the file name is empty; name the image.');
      continue;
    }
    const points: Partial<Record<keyof Landmarks, Point>> = {};
    for (const name of LANDMARK_NAMES) {
      points[name] = await findings.attempt('row-unreadable', place, () => readPoint(table, row, columns[name]));
    }
    const { ps1, ps2, fh1 } = points;
    rows.push({
      split,
      path,
      row: row.number,
      image,
      imagePath: findImage(images, image),
      landmarks: ps1 && ps2 && fh1 && { ps1, ps2, fh1 },
      rounding: roundingOf(LANDMARK_NAMES.flatMap((name) => pointNumbers(row.fields[columns[name]]) ?? [])),
      aop: angles.get(imageKey(image)),
    });
  }
  const named = new Set(table.rows.map((row) => row.fields[file] ?? ''));
  return { split, path, rows, named, images };
}

/**
 * Angles by image, from the labels' own column or from the file beside them, of which rows without landmarks are
 * reported.
 */
async function readAngles(labels: Table, split: Split, findings: Findings): Promise<Map<string, WrittenAngle>> {
  const angles = new Map<string, WrittenAngle>();
  const collect = async (table: Table, column: number, file: number, check: (row: TableRow) => void) => {
    for (const row of table.rows) {
      const place = { split, path: table.path, row: row.number, image: row.fields[file] };
      const degrees = await findings.attempt('angle-unreadable', place, () => {
        check(row);
        return row.fields.length > column ? readAngle(table, row, column) : undefined;
      });
      if (degrees === undefined) continue;
      angles.set(imageKey(row.fields[file]), { degrees, rounding: roundingOf([angleNumber(row.fields[column])]) });
    }
  };
  const labelFile = findColumn(labels, COLUMNS.file);
  const own = findColumn(labels, COLUMNS.aop);
  if (own !== undefined && labelFile !== undefined) {
    // The number of fields is looked at with the labels.
    await collect(labels, own, labelFile, () => {});
    return angles;
  }
  const path = await findAngles(labels.path);
  if (path === undefined) return angles;
  await findings.attempt('angle-unreadable', { split, path }, async () => {
    const table = await readRows(path);
    const column = requireColumn(table, 'AoP', COLUMNS.aop);
    const file = requireColumn(table, 'Filename', COLUMNS.file);
    await collect(table, column, file, (row) => checkFields(table, row));
    const named = new Set(labels.rows.map((row) => imageKey(row.fields[labelFile ?? 0] ?? '')));
    const seen = new Map<string, number>();
    for (const row of table.rows) {
      const image = row.fields[file];
      const place = { split, path, row: row.number, image };
      const earlier = seen.get(imageKey(image));
      if (earlier !== undefined) {
        findings.add(
          'angle-unused',
          place,
          `${image} was already in row ${earlier}, whose angle is not used; keep one.`,
        );
      } else if (!named.has(imageKey(image))) {
        findings.add('angle-unused', place, `${image} has an angle and no landmarks; add its row to the labels.`);
      }
      seen.set(imageKey(image), row.number);
    }
  });
  return angles;
}

/**
 * Half a unit of the last digit of any of the numbers as they are written: 0.5 for whole ones, 0.05 for one decimal.
 */
function roundingOf(numbers: readonly string[]): number {
  const decimals = numbers.map((text) => /\.(\d+)/.exec(text)?.[1].length ?? 0);
  return 0.5 * 10 ** -Math.max(0, ...decimals);
}
