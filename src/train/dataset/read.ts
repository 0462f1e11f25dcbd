import { type Dirent, promises as fs } from 'node:fs';
import { basename, dirname, join, parse } from 'node:path';
import type { Landmarks } from '../landmarks.js';
import { DatasetError } from './errors.js';
import { ANGLE_FILES, COLUMNS, LABEL_FILES, LAYOUT, plain, SPLIT_FOLDERS, type Split } from './layout.js';
import { findColumn, readAngle, readPoint, readTable, requireColumn, type Table } from './table.js';

/** One image with its labels, not yet opened. */
export interface LabelledCase {
  /** File name as the labels give it. */
  readonly file: string;
  /** Where the image is. */
  readonly path: string;
  /** In pixels of the image as it is on disk. */
  readonly landmarks: Landmarks;
  /** Angle of progression in degrees as the data set gives it, which is rounded or measured anew; absent in some copies. */
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
    const path = images.byName.get(key) ?? images.byStem.get(parse(key).name);
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

/** Names of images are compared without folder and case. */
function imageKey(name: string): string {
  return basename(name.replaceAll('\\', '/')).toLowerCase();
}

async function findLabels(directory: string, split: Split): Promise<string> {
  const wanted = join(...LAYOUT[split].folder, LAYOUT[split].labels);
  const root = await list(directory);
  if (!root) throw new DatasetError(`${directory}: there is no such folder; give the folder that holds ${wanted}.`);
  const folder = root.find((entry) => entry.isDirectory() && SPLIT_FOLDERS[split].includes(plain(entry.name)));
  if (!folder) {
    const found = root.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    throw new DatasetError(
      `${directory}: looked for ${wanted} and found no folder ${LAYOUT[split].folder[0]} ` +
        `(folders there: ${found.join(', ') || 'none'}).`,
    );
  }
  // In the split's folder itself, then in the folders there: training labels lie one level deeper.
  const top = join(directory, folder.name);
  const entries = (await list(top)) ?? [];
  const places = [top, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(top, entry.name))];
  for (const place of places) {
    const match = (await list(place))?.find((entry) => !entry.isDirectory() && LABEL_FILES.includes(plain(entry.name)));
    if (match) return join(place, match.name);
  }
  throw new DatasetError(
    `${top}: found no ${LAYOUT[split].labels}, neither there nor one folder deeper; looked for ${wanted}.`,
  );
}

/** Angles by image, from the labels' own column or from the file beside them. */
async function readAngles(labels: Table): Promise<Map<string, number>> {
  const beside = (await list(dirname(labels.path)))?.find((entry) => ANGLE_FILES.includes(plain(entry.name)));
  const angles = new Map<string, number>();
  const collect = (table: Table, file: number, column: number) => {
    for (const row of table.rows) {
      const angle = readAngle(table, row, column);
      if (angle !== undefined) angles.set(imageKey(row.fields[file]), angle);
    }
  };
  const own = findColumn(labels, COLUMNS.aop);
  if (own !== undefined) collect(labels, requireColumn(labels, 'Filename', COLUMNS.file), own);
  else if (beside) {
    const table = await readTable(join(dirname(labels.path), beside.name));
    collect(table, requireColumn(table, 'Filename', COLUMNS.file), requireColumn(table, 'AoP', COLUMNS.aop));
  }
  return angles;
}

interface ImageIndex {
  readonly byName: Map<string, string>;
  /** Without extension, for labels that say .png where the file is .jpg; absent where two files share the stem. */
  readonly byStem: Map<string, string>;
}

/** Every file beside the labels and in the folders there. Files beside the labels win over those in folders. */
async function findImages(folder: string): Promise<ImageIndex> {
  const byName = new Map<string, string>();
  const stems = new Map<string, string | undefined>();
  const add = (path: string) => {
    const key = imageKey(path);
    if (key.endsWith('.csv') || key.endsWith('.json') || byName.has(key)) return;
    byName.set(key, path);
    const stem = parse(key).name;
    stems.set(stem, stems.has(stem) ? undefined : path);
  };
  const entries = (await list(folder)) ?? [];
  for (const entry of entries) if (!entry.isDirectory()) add(join(folder, entry.name));
  for (const entry of entries.filter((entry) => entry.isDirectory())) {
    for (const inner of (await list(join(folder, entry.name))) ?? []) {
      if (!inner.isDirectory()) add(join(folder, entry.name, inner.name));
    }
  }
  const byStem = new Map<string, string>();
  for (const [stem, path] of stems) if (path !== undefined) byStem.set(stem, path);
  return { byName, byStem };
}

/** The entries of a folder by name, or undefined where there is none. */
async function list(folder: string): Promise<Dirent[] | undefined> {
  try {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DatasetError(`${folder}: cannot be listed (${(error as Error).message}); check its permissions.`, {
      cause: error,
    });
  }
}
