/** Plots as SVG text: Observable Plot, drawn into a document without a browser. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Colours are the page's, so that a plot follows its light and dark theme and stays black on paper. */
export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const RULE = 'var(--rule)';
export const BAND = 'var(--band)';

const SERIES = 6;
const DASHES = ['', '7,3', '2,3', '9,3,2,3'];

/** What tells runs apart: a colour, and where colours repeat or are lost in print, a dash and a symbol. */
export interface SeriesStyle {
  readonly color: string;
  readonly dash: string;
}

export function seriesStyle(index: number): SeriesStyle {
  return {
    color: `var(--series-${(index % SERIES) + 1})`,
    dash: DASHES[index % DASHES.length],
  };
}

export interface Drawing {
  /** What is drawn, with its unit: above the plot, in place of a label of the vertical axis. */
  readonly title: string;
  /** Plot's pixels; the page scales the drawing to its column. */
  readonly width: number;
  readonly height: number;
  /** What a reader who cannot see the plot should know. */
  readonly alt: string;
  readonly options: Plot.PlotOptions;
}

/** A plot as an SVG element. Its text and lines take font and colours from the page. */
export function drawPlot({ width, height, alt, options: { x, y, ...options } }: Drawing): string {
  const { document } = parseHTML('<html><body></body></html>');
  const svg = Plot.plot({
    width,
    height,
    marginTop: 26,
    marginRight: 10,
    marginBottom: 40,
    marginLeft: 40,
    x: { labelAnchor: 'center', labelArrow: 'none', labelOffset: 36, tickSize: 4, ...x },
    y: { label: null, tickSize: 0, ...y },
    ...options,
    document,
    className: 'plot',
    style: { background: 'none', color: INK },
  });
  // The drawing speaks as a whole: names of its groups are no use, and not allowed on them.
  for (const group of svg.querySelectorAll('[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', alt);
  // The page has the rules for all plots.
  for (const style of svg.querySelectorAll('style')) style.remove();
  return svg.outerHTML;
}
