import * as Plot from '@observablehq/plot';
import type { Results } from '../results.js';
import { BLUE, type Figure, MUTED, type Panel, provenance } from './figure.js';

const AXES = [
  { axis: 'batch', label: 'images in a batch →' },
  { axis: 'resolution', label: 'height and width, pixels →' },
  { axis: 'width', label: 'channels of the first level →' },
] as const;

interface Point {
  readonly value: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  /** What it would take if every product cost what it does in the largest step. */
  readonly proportional: number;
}

/**
 * A training step's time against batch, resolution and width, each beside what its arithmetic alone would make of it.
 */
export function scaling(results: Results): Figure | undefined {
  const panels = AXES.flatMap(({ axis, label }): Panel[] => {
    const rows = results.rows.filter((row) => row.scaling?.axis === axis && row.gflops !== undefined);
    const largest = rows.at(-1);
    if (!largest?.flops) return [];
    const perFlop = largest.time.milliseconds.median / largest.flops;
    const points = rows.map(({ scaling: step, time, flops }): Point => {
      const { q1, median, q3 } = time.milliseconds;
      return { value: step?.value ?? 0, q1, median, q3, proportional: (flops ?? 0) * perFlop };
    });
    return [{ width: 300, options: panelOptions(points, label) }];
  });
  if (panels.length === 0) return undefined;
  return {
    title: 'How a training step of DSNT-DeepUNet grows',
    subtitle: `${provenance(results)} · dashed: in proportion to the arithmetic`,
    height: 320,
    panels,
  };
}

function panelOptions(points: readonly Point[], label: string): Plot.PlotOptions {
  return {
    marginLeft: 50,
    marginBottom: 44,
    marginTop: 30,
    marginRight: 18,
    x: {
      type: 'log',
      base: 2,
      inset: 46,
      label,
      ticks: points.map(({ value }) => value),
      tickFormat: (value: number) => `${value}`,
    },
    y: { type: 'log', label: '↑ ms per step', grid: true, insetTop: 14 },
    marks: [
      Plot.line(points, { x: 'value', y: 'proportional', stroke: MUTED, strokeDasharray: '5,4' }),
      Plot.line(points, { x: 'value', y: 'median', stroke: BLUE, strokeWidth: 2 }),
      Plot.link(points, { x: 'value', y1: 'q1', y2: 'q3', stroke: BLUE, strokeWidth: 5, strokeOpacity: 0.3 }),
      Plot.dot(points, { x: 'value', y: 'median', fill: BLUE, r: 4 }),
      Plot.text(points, {
        ...{ x: 'value', y: 'median', dx: -8, dy: -8, textAnchor: 'end', fill: BLUE, fontWeight: 600 },
        text: ({ median }: Point) => (median < 100 ? median.toPrecision(2) : median.toFixed(0)),
      }),
    ],
  };
}
