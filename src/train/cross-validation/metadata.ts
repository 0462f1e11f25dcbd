import { posix } from 'node:path';
import { COLUMNS, plain } from '../dataset/layout.js';
import { imageKey } from '../dataset/locate.js';
import { findColumn, readTable, requireColumn, type Table, type TableRow } from '../dataset/table.js';
import type { Pool, PooledCase } from './pool.js';
import { CrossValidationError } from './splits.js';

/** What columns are called, compared without case, spaces and punctuation. */
const PRESENTATION = ['presentation', 'fetalpresentation', 'headposition', 'fetalheadposition', 'fetalposition'];
const LATERALITY = ['laterality', 'side', 'fetallaterality'];
const PATIENT = ['patient', 'patientid', 'subject', 'subjectid', 'mother', 'motherid', 'examination', 'examinationid'];

export interface MetadataOptions {
  /** Columns whose values together make a stratum. Default: presentation and laterality, whichever are there. */
  readonly strata?: readonly string[];
  /** Column whose equal values belong together, as the frames of a patient do. Default: one that is called so. */
  readonly group?: string;
}

/** What a metadata file says of the pool's frames, in their order. */
export interface Metadata {
  /** Titles of the columns that make the strata. */
  readonly strataColumns: readonly string[];
  readonly strata: readonly string[];
  /** Title of the column that groups frames, if there is one. */
  readonly groupColumn: string | undefined;
  /** The group's name; undefined where the field is empty, or there is no such column. */
  readonly groups: readonly (string | undefined)[];
}

/**
 * Reads strata and groups from a CSV file with a row for each frame, named by its file, with or without folders.
 *
 * @throws CrossValidationError where the file names images that are not in the data set, lacks some or has them twice;
 *   DatasetError where it is no table or a column is missing
 */
export async function readMetadata(path: string, pool: Pool, options: MetadataOptions = {}): Promise<Metadata> {
  const table = await readTable(path);
  const file = requireColumn(table, 'Filename', COLUMNS.file);
  const strataColumns = findStrata(table, options.strata);
  const group = options.group === undefined ? findColumn(table, PATIENT) : columnNamed(table, options.group);
  const rows = matchRows(table, file, pool);
  const spelling = new Map<string, string>();
  const value = (row: TableRow, column: number) => {
    const text = row.fields[column];
    if (text === '') return `unknown ${table.header[column]}`;
    // The first spelling stands for all: "Left" and "left" are one stratum.
    const key = `${column} ${plain(text) || text}`;
    if (!spelling.has(key)) spelling.set(key, text);
    return spelling.get(key) ?? text;
  };
  return {
    strataColumns: strataColumns.map((column) => table.header[column]),
    strata: rows.map((row) => strataColumns.map((column) => value(row, column)).join(' × ')),
    groupColumn: group === undefined ? undefined : table.header[group],
    groups: rows.map((row) => (group === undefined ? undefined : row.fields[group] || undefined)),
  };
}

function findStrata(table: Table, wanted: readonly string[] | undefined): number[] {
  if (wanted) return wanted.map((name) => columnNamed(table, name));
  const found = [findColumn(table, PRESENTATION), findColumn(table, LATERALITY)].filter((one) => one !== undefined);
  if (found.length > 0) return found;
  throw new CrossValidationError(
    `${table.path}: there is no column presentation or laterality; name the columns that make the strata with ` +
      `--strata (there are ${table.header.join(', ')}).`,
  );
}

function columnNamed(table: Table, name: string): number {
  return requireColumn(table, name, [plain(name)]);
}

/** The row of each frame of the pool. */
function matchRows(table: Table, file: number, { cases, others }: Pool): TableRow[] {
  const index = new NameIndex([...cases, ...others]);
  const rowOf = new Map<PooledCase, TableRow>();
  const unknown: TableRow[] = [];
  for (const row of table.rows) {
    const name = row.fields[file];
    const [found, ...more] = index.find(name);
    if (!found) {
      unknown.push(row);
      continue;
    }
    if (more.length > 0) {
      throw new CrossValidationError(
        `${table.path}, row ${row.number}: ${name} may be ${found.file} or ${more[0].file}; write the folder before the name.`,
      );
    }
    const earlier = rowOf.get(found);
    if (earlier) {
      throw new CrossValidationError(
        `${table.path}, row ${row.number}: ${name} was already in row ${earlier.number}; keep one of the two.`,
      );
    }
    rowOf.set(found, row);
  }
  if (unknown.length > 0) {
    const [{ number, fields }] = unknown;
    throw new CrossValidationError(
      `${table.path} names ${unknown.length} of ${table.rows.length} files that are not in the data set, the first in row ` +
        `${number}: ${fields[file] || 'an empty name'}; correct the names or remove the rows.`,
    );
  }
  const rows: TableRow[] = [];
  const missing: PooledCase[] = [];
  for (const one of cases) {
    const row = rowOf.get(one);
    if (row) rows.push(row);
    else missing.push(one);
  }
  if (missing.length === 0) return rows;
  throw new CrossValidationError(
    `${table.path} has no row for ${missing.length} of ${cases.length} frames, the first of them ${missing[0].file}; add ` +
      'the rows, or leave the file out, and strata come from angle and source.',
  );
}

/** Frames by whatever a table may call them: path, name, or name without extension. */
class NameIndex {
  private readonly byName = new Map<string, PooledCase[]>();
  private readonly byStem = new Map<string, PooledCase[]>();

  constructor(cases: readonly PooledCase[]) {
    for (const one of cases) {
      const name = imageKey(one.file);
      push(this.byName, name, one);
      push(this.byStem, stemOf(name), one);
    }
  }

  /** One frame where the name is known; several where only folders would tell them apart. */
  find(name: string): readonly PooledCase[] {
    const key = imageKey(name);
    const candidates = this.byName.get(key) ?? this.byStem.get(stemOf(key)) ?? [];
    const folder = plainFolder(name);
    if (folder === '') return candidates;
    return candidates.filter(({ origin }) => `/${origin.normalize('NFC').toLowerCase()}`.endsWith(`/${folder}`));
  }
}

function stemOf(name: string): string {
  return posix.parse(name).name;
}

function plainFolder(name: string): string {
  const folder = posix.dirname(name.replaceAll('\\', '/')).normalize('NFC').toLowerCase();
  return folder === '.' ? '' : folder.replace(/^\.?\//, '');
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
