import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Results } from '../results.js';

/** Plots side by side under one title. */
export interface Figure {
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  readonly height: number;
}

export interface Panel {
  readonly width: number;
  readonly options: Plot.PlotOptions;
}

export const INK = '#1b1f24';
export const MUTED = '#6b7280';
export const BLUE = '#2563eb';
export const ORANGE = '#d97706';
export const GREEN = '#0d9488';

const MARGIN = 28;
const HEADER = 66;
const FONT = 'font-family="Inter, system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"';

/** @returns an SVG document */
export function render({ title, subtitle, panels, height }: Figure): string {
  const { document } = parseHTML('<html><body></body></html>');
  let left = MARGIN;
  const drawn = panels.map(({ width, options }) => {
    const plot = Plot.plot({
      ...{ width, height, document, className: 'plot' },
      style: { background: 'none', color: INK, fontSize: '12px', fontFamily: 'inherit' },
      ...options,
    });
    // Only as a document of its own does a drawing need what it inherits here.
    const svg = plot.outerHTML
      .replace(/<style>[\s\S]*?<\/style>/, '')
      .replace('<svg ', `<svg x="${left}" y="${HEADER}" `);
    left += width + MARGIN;
    return svg;
  });
  const size = `width="${left}" height="${HEADER + height + 14}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${left} ${HEADER + height + 14}" ${FONT} font-size="12">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="${MARGIN}" y="32" font-size="18" font-weight="600" fill="${INK}">${escaped(title)}</text>`,
    `<text x="${MARGIN}" y="52" fill="${MUTED}">${escaped(subtitle)}</text>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** Where and when. */
export function provenance({ adapter, environment }: Results): string {
  const { date, commit, cores } = environment;
  const machine = adapter.software ? `${adapter.description} on ${cores} cores` : adapter.description;
  return `${machine} · ${date.slice(0, 10)}${commit ? ` · ${commit}` : ''}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
