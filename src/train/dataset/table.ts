import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import type { Point } from '../../model/landmarks.js';
import { DatasetError, plain } from './layout.js';

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
 * Reads a CSV file as spreadsheets of any locale write it: fields between commas, semicolons or tabs, with or without a
 * line `sep=;` before the header, with a byte order mark, either line end, quoted fields. Empty lines count as rows and
 * are passed over.
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
  const { text, delimiter } = splitSeparatorLine(decodeText(await readFile(path), path));
  let records: string[][];
  try {
    records = parse(text, {
      delimiter: delimiter ?? delimiterOf(text),
      relax_column_count: true,
      trim: true,
      relax_quotes: true,
    });
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

/** Text in UTF-8, or in UTF-16 with its byte order mark, which is what Excel calls Unicode text. */
function decodeText(bytes: Uint8Array, path: string): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DatasetError(
      `${path}: the text is not UTF-8, so its names cannot be read; save it as "CSV UTF-8" again.`,
      { cause },
    );
  }
}

/** Without the line `sep=;` that some programs write first for Excel, which names the delimiter. */
function splitSeparatorLine(text: string): { text: string; delimiter?: string } {
  const line = /^"?sep=(.)"?[^\S\r\n]*(?:\r\n|\n|\r)/i.exec(text);
  return line ? { text: text.slice(line[0].length), delimiter: line[1] } : { text };
}

/** The delimiter of which the first line with text has the most outside of quotes; a comma where it has none. */
function delimiterOf(text: string): string {
  const header = (/[^\r\n]*\S[^\r\n]*/.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '');
  const [most] = [',', ';', '\t']
    .map((delimiter) => ({ delimiter, count: header.split(delimiter).length - 1 }))
    .sort((a, b) => b.count - a.count);
  return most.delimiter;
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

const INTEGER_OR_DOT = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const INTEGER_OR_COMMA = String.raw`[+-]?\d+(?:,\d+)?`;
const pair = (number: string, separator: string) =>
  new RegExp(String.raw`^[([]?\s*(${number})(?:${separator})(${number})\s*[)\]]?$`, 'i');

/**
 * "(120.5, 85)", also with a semicolon or a space between the two. With decimal commas, "(120,5; 85,25)", the two are
 * told apart by a semicolon, a space, or a comma with a space behind it. Where "(120,85)" could be either, a comma
 * separates.
 */
const POINTS = [
  pair(INTEGER_OR_DOT, String.raw`\s*[,;]\s*|\s+`),
  pair(INTEGER_OR_COMMA, String.raw`\s*;\s*|\s*,\s+|\s+`),
];

/** The two numbers of a point as they are written, with a decimal point; undefined where it is none. */
export function pointNumbers(text: string): [x: string, y: string] | undefined {
  for (const form of POINTS) {
    const match = form.exec(text);
    if (match) return [match[1].replace(',', '.'), match[2].replace(',', '.')];
  }
  return undefined;
}

/** Reads "(x, y)". */
export function readPoint(table: Table, row: TableRow, column: number): Point {
  const text = row.fields[column];
  const numbers = pointNumbers(text);
  if (!numbers) {
    throw new DatasetError(
      `${table.path}, row ${row.number}: ${table.header[column]} is "${text}"; a point is written "(x, y)", as in "(120, 85)" or "(120.5, 85.25)".`,
    );
  }
  return { x: Number(numbers[0]), y: Number(numbers[1]) };
}

/** The number of an angle as it is written, with a decimal point. */
export function angleNumber(text: string): string {
  return text.replace(/\s*°$/, '').replace(/^([+-]?\d+),(\d+)$/, '$1.$2');
}

/** Reads an angle in degrees; undefined for an empty field. */
export function readAngle(table: Table, row: TableRow, column: number): number | undefined {
  const text = angleNumber(row.fields[column]);
  if (text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new DatasetError(
      `${table.path}, row ${row.number}: ${table.header[column]} is "${text}"; an angle is a number of degrees, as in 104.5.`,
    );
  }
  return value;
}
