/** A column of a table: its header, and what it says of a row. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
}

/** Thousandths are far below what a label or a model can resolve. What does not exist is empty. */
export function numberText(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toFixed(3)));
}

/** As in "(120, 85.5)". */
export function tupleText(...values: readonly number[]): string {
  return `(${values.map(numberText).join(', ')})`;
}
