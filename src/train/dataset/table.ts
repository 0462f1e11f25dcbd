import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import type { Point } from '../landmarks.js';
import { DatasetError } from './errors.js';
import { plain } from './layout.js';

/** A CSV file with its header. */
export interface Table {
  readonly path: string;
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  /** As a spreadsheet counts: the header is row 1. */
  readonly number: number;
  readonly fields: readonly string[];
}

/**
 * Reads a CSV file: byte order mark, either line end, quoted fields. Empty lines count as rows and are passed over.
 *
 * @throws DatasetError where it is no table, or a row has another number of fields than the header
 */
export async function readTable(path: string): Promise<Table> {
  const table = await readRows(path);
  for (const row of table.rows) checkFields(table, row);
  return table;
}

/** As `readTable`, without looking at the number of fields. */
export async function readRows(path: string): Promise<Table> {
  let records: string[][];
  try {
    records = parse(await readFile(path), { bom: true, relax_column_count: true, trim: true, relax_quotes: true });
  } catch (error) {
    throw new DatasetError(
      `${path}: not readable as CSV (${(error as Error).message.replace(/\.+$/, '')}); save it as CSV again.`,
      {
        cause: error,
      },
    );
  }
  const filled = records
    .map((fields, i) => ({ number: i + 1, fields }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
  const [header, ...rows] = filled;
  if (!header) throw new DatasetError(`${path}: the file is empty; it needs a header and one row per image.`);
  if (rows.length === 0) {
    throw new DatasetError(
      `${path}: there is a header (${header.fields.join(', ')}) and no row; it needs one row per image.`,
    );
  }
  return { path, header: header.fields, rows };
}

/** @throws DatasetError where a row has another number of fields than the header */
export function checkFields({ path, header }: Table, { number, fields }: TableRow): void {
  if (fields.length === header.length) return;
  throw new DatasetError(
    `${path}, row ${number}: ${fields.length} fields, the header has ${header.length}; ` +
      'put points in quotes, as in "(120, 85)".',
  );
}

/** Position of the column that goes by one of `names`, or undefined. */
export function findColumn(table: Table, names: readonly string[]): number | undefined {
  const column = table.header.findIndex((title) => names.includes(plain(title)));
  return column < 0 ? undefined : column;
}

/** Position of a column that must be there. `title` is what a person would call it. */
export function requireColumn(table: Table, title: string, names: readonly string[]): number {
  const column = findColumn(table, names);
  if (column !== undefined) return column;
  throw new DatasetError(`${table.path}: there is no column ${title}; the columns are ${table.header.join(', ')}.`);
}

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const POINT = new RegExp(String.raw`^[([]?\s*(${NUMBER})(?:\s*[,;]\s*|\s+)(${NUMBER})\s*[)\]]?$`, 'i');

/** Reads "(x, y)". */
export function readPoint(table: Table, row: TableRow, column: number): Point {
  const text = row.fields[column];
  const match = POINT.exec(text);
  if (!match) {
    throw new DatasetError(
      `${table.path}, row ${row.number}: ${table.header[column]} is "${text}"; a point is written "(x, y)", as in "(120, 85)".`,
    );
  }
  return { x: Number(match[1]), y: Number(match[2]) };
}

/** Reads an angle in degrees; undefined for an empty field. */
export function readAngle(table: Table, row: TableRow, column: number): number | undefined {
  const text = row.fields[column].replace(/\s*°$/, '');
  if (text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new DatasetError(
      `${table.path}, row ${row.number}: ${table.header[column]} is "${text}"; an angle is a number of degrees, as in 104.5.`,
    );
  }
  return value;
}
