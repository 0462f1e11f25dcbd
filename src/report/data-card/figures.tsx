import * as Plot from '@observablehq/plot';
import type { VNode } from 'preact';
import type { DataCard, FolderSummary } from '../../train/describe/index.js';
import { Figure, Legend, Name } from '../elements.js';
import { count, fixed, listed } from '../format.js';
import { type Drawing, MUTED, seriesStyle } from '../plot.js';

const LANDMARKS = ['ps1', 'ps2', 'fh1'] as const;
/** Side of the square that coordinates are given in, px. */
const SIZE = 512;
/** √χ² of two degrees of freedom at 95 %: how many standard deviations the ellipse of a normal distribution reaches. */
const REACH_95 = Math.sqrt(-2 * Math.log(0.05));

/** How the angles are spread: all of them, and by folder. */
export function anglesFigure(card: DataCard, number: number): VNode {
  const { folders } = card;
  const labels = folders.map((folder) => labelOf(folder, folders));
  return (
    <Figure
      number={number}
      title="Angle of progression"
      caption="Left: frames by angle, in bins of 5°, one colour for each folder. Right: the box holds the middle half of a folder’s frames, its line is the median; the line through it reaches from the least to the largest angle."
      legend={
        <Legend
          entries={labels.map((label, i) => ({ label: <Name>{label}</Name>, color: colorOf(i), mark: 'dot' as const }))}
        />
      }
      plots={[histogram(card), boxes(folders)]}
    />
  );
}

/** Degrees. */
const BIN = 5;

function histogram({ frames, folders, aop }: DataCard): Drawing {
  const places = folders.map(({ set, split, folder }) => JSON.stringify([set, split, folder]));
  const counts = new Map<number, number[]>();
  for (const { aop: angle, set, split, folder } of frames) {
    if (angle === undefined) continue;
    const low = BIN * Math.floor(angle / BIN);
    const own = counts.get(low) ?? folders.map(() => 0);
    own[places.indexOf(JSON.stringify([set, split, folder]))] += 1;
    counts.set(low, own);
  }
  // The folders of a bin stand upon each other, the first at the bottom.
  const bars = [...counts].flatMap(([low, own]) =>
    own.flatMap((number, i) => {
      const below = own.slice(0, i).reduce((sum, one) => sum + one, 0);
      return number === 0 ? [] : [{ low, high: low + BIN, below, above: below + number, color: colorOf(i) }];
    }),
  );
  const options: Plot.PlotOptions = {
    x: { label: 'AoP, degrees' },
    y: { grid: true, nice: true, zero: true },
    marginTop: 10,
    marks: [
      Plot.rect(bars, {
        x1: 'low',
        x2: 'high',
        y1: 'below',
        y2: 'above',
        fill: 'color',
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0]),
    ],
  };
  const alt = aop
    ? `Histogram of ${count(aop.count, 'angle')}: mean ${fixed(aop.mean, 1)}°, from ${fixed(aop.min, 1)}° to ${fixed(aop.max, 1)}°.`
    : 'No frame has an angle.';
  return { title: 'Frames', width: 450, height: 260, alt, options };
}

function boxes(folders: readonly FolderSummary[]): Drawing {
  const each = folders.flatMap(({ aop }, row) => (aop ? [{ ...aop, row, color: colorOf(row) }] : []));
  const options: Plot.PlotOptions = {
    x: { label: 'AoP, degrees', grid: true, nice: true },
    y: { axis: null, domain: [folders.length - 0.4, -0.6] },
    marginTop: 10,
    marginLeft: 10,
    marks: [
      Plot.link(each, { x1: 'min', x2: 'max', y1: 'row', y2: 'row', stroke: 'color' }),
      Plot.rect(each, {
        x1: 'q1',
        x2: 'q3',
        y1: ({ row }) => row - 0.25,
        y2: ({ row }) => row + 0.25,
        fill: 'var(--paper)',
        stroke: 'color',
      }),
      Plot.link(each, {
        x1: 'median',
        x2: 'median',
        y1: ({ row }) => row - 0.25,
        y2: ({ row }) => row + 0.25,
        stroke: 'color',
        strokeWidth: 2.5,
      }),
    ],
  };
  const medians = each.map(({ row, median }) => `${labelOf(folders[row], folders)} ${fixed(median, 1)}°`);
  const height = Math.min(260, 60 + 42 * Math.max(1, folders.length));
  return { title: 'By folder', width: 450, height, alt: `Median angles: ${listed(medians)}.`, options };
}

/** Where the landmarks lie in the frame. */
export function positionsFigure({ frames, positions }: DataCard, number: number): VNode {
  // A cloud of thousands of points is as clear with fewer.
  const step = Math.ceil(frames.length / 1500);
  const shown = frames.filter((_, i) => i % step === 0);
  const options: Plot.PlotOptions = {
    x: { label: 'x, px', domain: [0, SIZE], grid: true, ticks: 5 },
    y: { domain: [SIZE, 0], grid: true, ticks: 5 },
    marginTop: 10,
    marginRight: 10,
    marks: [
      Plot.frame({ stroke: MUTED }),
      ...LANDMARKS.flatMap((name, i) => {
        const points = shown.map(({ landmarks }) => landmarks[name]);
        const { mean, sd } = positions[name];
        const ellipse = sd
          ? [Plot.line(ellipseOf(positions[name]), { x: 'x', y: 'y', stroke: colorOf(i), strokeWidth: 1.8 })]
          : [];
        return [
          Plot.dot(points, { x: 'x', y: 'y', r: 1.8, fill: colorOf(i), fillOpacity: 0.4 }),
          ...ellipse,
          Plot.dot([mean], { x: 'x', y: 'y', r: 4, symbol: 'plus', stroke: colorOf(i), strokeWidth: 2 }),
        ];
      }),
    ],
  };
  const alt = `Positions of the landmarks. Means: ${listed(
    LANDMARKS.map(
      (name) => `${name.toUpperCase()} at ${fixed(positions[name].mean.x, 0)}, ${fixed(positions[name].mean.y, 0)}`,
    ),
  )}.`;
  return (
    <Figure
      number={number}
      title="Where the landmarks lie"
      caption={`On the 512 px square that the network sees. Crosses are means; ellipses hold 95 % of a normal distribution with the same means and covariances.${step > 1 ? ` One frame in ${step} is shown.` : ''}`}
      legend={
        <Legend
          entries={LANDMARKS.map((name, i) => ({ label: name.toUpperCase(), color: colorOf(i), mark: 'dot' as const }))}
        />
      }
      plots={[{ title: 'y, px', width: 450, height: 446, alt, options }]}
    />
  );
}

function ellipseOf({ mean, sd, correlation = 0 }: DataCard['positions']['ps1']): { x: number; y: number }[] {
  const { x, y } = sd ?? { x: 0, y: 0 };
  const rest = Math.sqrt(Math.max(0, 1 - correlation ** 2));
  return Array.from({ length: 73 }, (_, i) => {
    const [cos, sin] = [Math.cos((i * Math.PI) / 36), Math.sin((i * Math.PI) / 36)];
    return { x: mean.x + REACH_95 * x * cos, y: mean.y + REACH_95 * y * (correlation * cos + rest * sin) };
  });
}

function colorOf(index: number): string {
  return seriesStyle(index).color;
}

function labelOf({ set, split, folder }: FolderSummary, all: readonly FolderSummary[]): string {
  const several = new Set(all.map((one) => one.set)).size > 1;
  const name = `${several ? `${set}/` : ''}${folder}`;
  const twice = all.filter((one) => one.folder === folder && one.set === set).length > 1;
  return twice ? `${name} (${split})` : name;
}
