/** What every section is made of. All text and attributes pass through JSX, which escapes them. */
import type { ComponentChildren, VNode } from 'preact';
import { type Drawing, drawPlot, seriesStyle } from './plot.js';
import type { ReportedRun } from './source/run.js';

/** Counts figures and tables through the page, in the order in which sections are made. */
export class Numbering {
  private figures = 0;
  private tables = 0;

  figure(): number {
    this.figures += 1;
    return this.figures;
  }

  table(): number {
    this.tables += 1;
    return this.tables;
  }
}

export interface Section {
  /** Id of the heading, for links. */
  readonly id: string;
  readonly title: string;
  readonly body: ComponentChildren;
}

/** A run as plots and tables refer to it. */
export interface KeyedRun extends ReportedRun {
  /** "A" for the first: names are long, and plots are small. */
  readonly key: string;
  /** Place among the runs, which decides its colour. */
  readonly index: number;
}

export function keyed(runs: readonly ReportedRun[]): KeyedRun[] {
  return runs.map((run, index) => ({ ...run, index, key: letters(index) }));
}

/** A … Z, AA, AB, …, as columns of a spreadsheet. */
function letters(index: number): string {
  return (index < 26 ? '' : letters(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + (index % 26));
}

/**
 * A name that somebody else has given. It may be written from right to left, which must not turn the text around it.
 */
export function Name({ children }: { children: ComponentChildren }): VNode {
  return <bdi class="name">{children}</bdi>;
}

export function RunName({ run }: { run: KeyedRun }): VNode {
  return (
    <span class="run">
      <b class="key" style={{ color: seriesStyle(run.index).color }}>
        {run.key}
      </b>{' '}
      <Name>{run.name}</Name>
    </span>
  );
}

export interface FigureProps {
  readonly number: number;
  readonly title: ComponentChildren;
  readonly caption: ComponentChildren;
  readonly legend?: ComponentChildren;
  /** Columns on a wide page. */
  readonly columns?: number;
  readonly plots: readonly Drawing[];
}

export function Figure({ number, title, caption, legend, columns = 2, plots }: FigureProps): VNode {
  return (
    <figure>
      {legend}
      <div class={`panels columns-${columns}`}>
        {plots.map((drawing) => (
          <div class="panel">
            <p>{drawing.title}</p>
            {/* SVG that was serialized from a document, not put together from text. */}
            <div class="drawing" dangerouslySetInnerHTML={{ __html: drawPlot(drawing) }} />
          </div>
        ))}
      </div>
      <figcaption>
        <b>
          Figure {number}. {title}.
        </b>{' '}
        {caption}
      </figcaption>
    </figure>
  );
}

export interface LegendEntry {
  readonly label: ComponentChildren;
  readonly color: string;
  /** What stands for it in the plot; a line where nothing is said. */
  readonly mark?: 'line' | 'dot' | 'cross';
  readonly dash?: string;
  readonly width?: number;
}

export function Legend({ entries }: { entries: readonly LegendEntry[] }): VNode {
  return (
    <ul class="legend">
      {entries.map((entry) => (
        <li>
          <svg width={entry.mark && entry.mark !== 'line' ? 10 : 26} height="10" aria-hidden="true">
            <Sample {...entry} />
          </svg>
          {entry.label}
        </li>
      ))}
    </ul>
  );
}

function Sample({ mark = 'line', color, dash = '', width = 2 }: LegendEntry): VNode {
  switch (mark) {
    case 'line':
      return (
        <line x1="1" y1="5" x2="25" y2="5" style={{ stroke: color }} stroke-width={width} stroke-dasharray={dash} />
      );
    case 'dot':
      return <circle cx="5" cy="5" r="3.5" style={{ fill: color }} />;
    case 'cross':
      return <path d="M2 2l6 6M2 8l6-6" style={{ stroke: color }} stroke-width="1.5" />;
  }
}

export function RunLegend({ runs }: { runs: readonly KeyedRun[] }): VNode {
  return (
    <Legend
      entries={runs.map((run) => {
        const { color, dash } = seriesStyle(run.index);
        return { color, dash, label: <RunName run={run} /> };
      })}
    />
  );
}

export interface Column {
  readonly header: ComponentChildren;
  /** Under the header, as in "px". */
  readonly unit?: string;
  /** Text is set flush left, numbers flush right. */
  readonly text?: boolean;
}

export interface TableProps {
  readonly number: number;
  readonly title: string;
  readonly caption?: ComponentChildren;
  readonly columns: readonly Column[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly ComponentChildren[])[];
  /** Rows that stand out. */
  readonly marked?: (row: number) => boolean;
  readonly kind?: string;
}

/** A wide table scrolls within the page, by keyboard too, under a caption that stays. */
export function Table({ number, title, caption, columns, rows, marked, kind = '' }: TableProps): VNode {
  const id = `table-${number}`;
  return (
    <figure class={`table ${kind}`}>
      <figcaption id={id}>
        <b>
          Table {number}. {title}.
        </b>{' '}
        {caption}
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard */}
      <section class="scroll" aria-labelledby={id} tabIndex={0}>
        <table aria-labelledby={id}>
          <thead>
            <tr>
              {columns.map(({ header, unit, text }) => (
                <th scope="col" class={text ? 'text' : ''}>
                  {header}
                  {unit !== undefined && <span class="unit">{unit}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, row) => (
              <tr class={marked?.(row) ? 'marked' : ''}>
                {cells.map((cell, column) =>
                  column === 0 ? (
                    <th scope="row">{cell}</th>
                  ) : (
                    <td class={columns[column].text ? 'text' : ''}>{cell}</td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </figure>
  );
}

/** A value and, under it, what it may be. */
export function WithInterval({ value, interval }: { value: string; interval?: string }): VNode {
  return (
    <>
      {value}
      {interval !== undefined && <span class="interval">{interval}</span>}
    </>
  );
}
