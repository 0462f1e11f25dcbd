import * as Plot from '@observablehq/plot';
import { angleError, landmarkDistances, quantile } from '../../train/metrics/index.js';
import { Figure, type KeyedRun, type Numbering, RunLegend, type Section } from '../elements.js';
import { count, fixed, listed, percent } from '../format.js';
import { type Drawing, MUTED, seriesStyle } from '../plot.js';

/** An error of which every frame has one. */
interface Measure {
  readonly name: string;
  readonly unit: 'px' | 'degrees';
  /** Success radii. */
  readonly radii: readonly number[];
  readonly values: (run: KeyedRun) => readonly number[];
}

const MEASURES: readonly Measure[] = [
  ...['PS1', 'PS2', 'FH1'].map((name, k): Measure => {
    return { name, unit: 'px', radii: [5, 10, 20], values: ({ frames }) => frames.map((f) => landmarkDistances(f)[k]) };
  }),
  {
    name: 'AoP',
    unit: 'degrees',
    radii: [5, 10],
    values: ({ frames }) => frames.map(angleError).filter((error) => error !== undefined),
  },
];

/** How the errors are spread: a mean hides the frames that matter. */
export function errorsSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const scored = runs.filter(({ frames }) => frames.length > 0);
  if (scored.length === 0) return undefined;
  const legend = <RunLegend runs={scored} />;
  const body = (
    <>
      <Figure
        number={numbering.figure()}
        title="Cumulative distribution of the errors"
        caption="For each landmark, and for the angle of progression, the share of frames whose error is at most the value on the horizontal axis. Vertical lines mark the success radii of Scores; where a curve crosses one is the success rate. The axis ends where 99 % of the frames of every run are within."
        legend={legend}
        plots={MEASURES.map((measure) => cumulative(measure, scored))}
      />
      <Figure
        number={numbering.figure()}
        title="Distribution of the errors"
        caption="Each tick is a frame. The box holds the middle half of the frames, its line is the median; whiskers reach the last frame within one and a half box lengths."
        legend={legend}
        plots={MEASURES.map((measure) => distribution(measure, scored))}
      />
    </>
  );
  return { id: 'errors', title: 'Distribution of the errors', body };
}

function cumulative(measure: Measure, runs: readonly KeyedRun[]): Drawing {
  const { name, unit, radii } = measure;
  const sorted = runs.map((run) => ({ run, values: [...measure.values(run)].sort((a, b) => a - b) }));
  const end = Math.max(1.1 * radii[radii.length - 1], ...sorted.map(({ values }) => quantile(values, 0.99)));
  const options: Plot.PlotOptions = {
    x: { label: `${name} error, ${unit}`, domain: [0, end], nice: false },
    y: { domain: [0, 100], grid: true, ticks: 5 },
    marks: [
      Plot.ruleX(radii, { stroke: MUTED, strokeDasharray: '2,3' }),
      Plot.text(radii, {
        x: (radius: number) => radius,
        frameAnchor: 'top',
        dy: -12,
        fill: MUTED,
        text: (radius: number) => `${radius}`,
      }),
      ...sorted.map(({ run, values }) => {
        const { color, dash } = seriesStyle(run.index);
        return Plot.line(steps(values, end), {
          x: 'error',
          y: 'share',
          curve: 'step-after',
          stroke: color,
          strokeWidth: 1.8,
          strokeDasharray: dash,
        });
      }),
    ],
  };
  const rates = sorted.map(({ run, values }) => {
    const within = radii.map((radius) => percent(values.filter((value) => value <= radius).length / values.length));
    return `run ${run.key} ${listed(within)} %`;
  });
  const alt = `Share of frames by ${name} error. Within ${listed(radii.map(String))} ${unit}: ${rates.join('; ')}.`;
  return { title: `${name}: frames, %`, width: 450, height: 250, alt, options };
}

/** The empirical distribution function as the corners of a staircase. */
function steps(sorted: readonly number[], end: number): { error: number; share: number }[] {
  const corners = sorted.flatMap((error, i) =>
    error <= end ? [{ error, share: (100 * (i + 1)) / sorted.length }] : [],
  );
  return [{ error: 0, share: 0 }, ...corners, { error: end, share: corners.at(-1)?.share ?? 0 }];
}

/** Rows of a box above the ticks of its frames, in the order of the runs. */
function distribution(measure: Measure, runs: readonly KeyedRun[]): Drawing {
  const { name, unit } = measure;
  const each = runs.map((run, row) => {
    const values = [...measure.values(run)].sort((a, b) => a - b);
    return { ...boxOf(values), key: run.key, row, values, color: seriesStyle(run.index).color };
  });
  const options: Plot.PlotOptions = {
    x: { label: `${name} error, ${unit}`, zero: true, nice: true, grid: true },
    y: { axis: null, domain: [runs.length - 0.4, -0.45] },
    marginTop: 4,
    marginLeft: 24,
    marks: [
      ...each.flatMap(({ row, values, color }) =>
        Plot.link(values, {
          x: (value: number) => value,
          y1: row + 0.14,
          y2: row + 0.36,
          stroke: color,
          strokeOpacity: 0.45,
        }),
      ),
      Plot.link(each, { x1: 'low', x2: 'high', y: (box) => box.row - 0.14, stroke: 'color' }),
      Plot.rect(each, {
        x1: 'q1',
        x2: 'q3',
        y1: (box) => box.row - 0.32,
        y2: (box) => box.row + 0.04,
        fill: 'var(--paper)',
        stroke: 'color',
      }),
      Plot.link(each, {
        x: 'median',
        y1: (box) => box.row - 0.32,
        y2: (box) => box.row + 0.04,
        stroke: 'color',
        strokeWidth: 2.5,
      }),
      Plot.text(each, {
        frameAnchor: 'left',
        y: 'row',
        text: 'key',
        dx: -12,
        fill: 'color',
        fontWeight: 600,
      }),
    ],
  };
  const medians = each.map(
    ({ key, median, values }) => `run ${key} ${fixed(median)} over ${count(values.length, 'frame')}`,
  );
  const alt = `Spread of the ${name} error. Median in ${unit}: ${medians.join('; ')}.`;
  return { title: name, width: 450, height: 44 + 56 * runs.length, alt, options };
}

/** Tukey's box plot: quartiles, and whiskers to the last value within one and a half box lengths. */
function boxOf(sorted: readonly number[]) {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((fraction) => quantile(sorted, fraction));
  const reach = 1.5 * (q3 - q1);
  const inside = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach);
  return { q1, median, q3, low: inside[0], high: inside[inside.length - 1] };
}
