import * as Plot from '@observablehq/plot';
import type { ComponentChildren, VNode } from 'preact';
import type { CrossValidation } from '../../train/cross-validation/index.js';
import { Figure, Legend, Name, type Numbering, type Section, Table, WithInterval } from '../elements.js';
import { count, fixed, listed, range } from '../format.js';
import { type Drawing, MUTED } from '../plot.js';
import type { ReportedCrossValidation } from '../source/cross-validation.js';
import { defined, epochAxis } from './epoch-marks.js';

type FoldScore = keyof CrossValidation['mean'];

const COLOR = 'var(--series-1)';
const BEST = 'var(--series-2)';

/** How a model does on frames it was not trained on, whichever those are. */
export function crossValidationSection(
  given: readonly ReportedCrossValidation[],
  numbering: Numbering,
): Section | undefined {
  if (given.length === 0) return undefined;
  const body = given.map(({ name, results, epochs }) => (
    <>
      <h3>
        <Name>{name}</Name>
      </h3>
      <p>{summary(results)}</p>
      {results.warnings.length > 0 && (
        <ul>
          {results.warnings.map((warning) => (
            <li>
              <bdi>{warning}</bdi>
            </li>
          ))}
        </ul>
      )}
      {folds(results, numbering.figure())}
      {epochs.some((own) => own.length > 0) && curves(results, epochs, numbering.figure())}
      {foldTable(results, numbering.table())}
      {strata(results, numbering.table())}
    </>
  ));
  return { id: 'cross-validation', title: 'Cross-validation', body: <>{body}</> };
}

function summary({ splits, mean, sd, bestFold, pooled }: CrossValidation): string {
  const angle = mean.aopMae === null ? '' : ` and the error of the angle ${plusMinus(mean, sd, 'aopMae')}°`;
  return (
    `${count(splits.frames, 'frame')} in ${count(splits.folds, 'fold')}, stratified by ${splits.strata}; ` +
    `${together(splits.groups)}. Every frame is scored by the one model ` +
    `that was not trained on it. Over the folds the APD is ${plusMinus(mean, sd, 'apd')} px${angle} (mean ± standard ` +
    `deviation); fold ${bestFold} is the best. All frames together: APD ${fixed(pooled.apd)} px (95 % interval ` +
    `${range(pooled.intervals.apd)}).`
  );
}

function together(groups: number): string {
  if (groups === 0) return 'none are near-duplicates or of one patient';
  const stay = groups === 1 ? 'stays' : 'stay';
  return `${count(groups, 'group')} of near-duplicates or of one patient ${stay} together`;
}

function folds(results: CrossValidation, number: number): VNode {
  const scores: { score: FoldScore; title: string }[] = [
    { score: 'apd', title: 'APD, px' },
    { score: 'aopMae', title: 'AoP error, degrees' },
  ];
  return (
    <Figure
      number={number}
      title="Scores of the folds"
      caption="Each dot is a fold’s model on the frames of that fold; the ring is the fold with the lowest APD. The line is the mean over the folds, the shading one standard deviation on either side."
      plots={scores.flatMap(({ score, title }) => foldPlot(results, score, title))}
    />
  );
}

function foldPlot({ folds: all, mean, sd, bestFold }: CrossValidation, score: FoldScore, title: string): Drawing[] {
  const points = all.flatMap(({ fold, scores }) => (scores[score] === null ? [] : [{ fold, value: scores[score] }]));
  const [centre, spread] = [mean[score], sd[score]];
  if (points.length === 0 || centre === null) return [];
  const band = spread === null ? [] : [{ low: centre - spread, high: centre + spread }];
  const options: Plot.PlotOptions = {
    x: { label: 'fold', type: 'point', domain: all.map(({ fold }) => fold), tickFormat: 'd' },
    y: { grid: true, nice: true },
    marginTop: 10,
    marks: [
      Plot.rect(band, { y1: 'low', y2: 'high', fill: COLOR, fillOpacity: 0.13 }),
      Plot.ruleY([centre], { stroke: COLOR, strokeWidth: 1.4 }),
      Plot.dot(points, { x: 'fold', y: 'value', fill: COLOR, r: 4 }),
      Plot.dot(
        points.filter(({ fold }) => fold === bestFold),
        { x: 'fold', y: 'value', stroke: BEST, strokeWidth: 2, r: 7 },
      ),
      Plot.text([centre], {
        y: centre,
        frameAnchor: 'right',
        dx: 4,
        textAnchor: 'start',
        text: () => fixed(centre),
        fill: MUTED,
      }),
    ],
    marginRight: 40,
  };
  const values = points.map(({ fold, value }) => `fold ${fold} ${fixed(value)}`);
  return [
    { title, width: 450, height: 240, alt: `${title}, by fold: ${listed(values)}; mean ${fixed(centre)}.`, options },
  ];
}

/** The training of all folds: how much depends on which frames are held out. */
function curves(
  { folds: all, bestFold }: CrossValidation,
  epochs: ReportedCrossValidation['epochs'],
  number: number,
): VNode {
  const lines = all.map(({ fold }, i) => ({ fold, points: defined(epochs[i], 'validationApd') }));
  const last = Math.max(2, ...lines.flatMap(({ points }) => points.map(({ epoch }) => epoch)));
  const line = ({ fold, points }: (typeof lines)[number]) =>
    Plot.line(points, {
      x: 'epoch',
      y: 'value',
      stroke: fold === bestFold ? BEST : COLOR,
      strokeWidth: fold === bestFold ? 2.2 : 1.2,
      strokeOpacity: fold === bestFold ? 1 : 0.6,
    });
  const options: Plot.PlotOptions = {
    x: epochAxis(last),
    y: { grid: true, zero: true, nice: true },
    marginTop: 10,
    // The best over the others.
    marks: [...lines.filter(({ fold }) => fold !== bestFold), ...lines.filter(({ fold }) => fold === bestFold)].map(
      line,
    ),
  };
  const ends = lines.flatMap(({ fold, points }) => points.slice(-1).map(({ value }) => `fold ${fold} ${fixed(value)}`));
  const title = 'APD on the held-out frames, px';
  return (
    <Figure
      number={number}
      title="Training of the folds"
      caption="Mean distance of the landmarks after each epoch. The frames that a fold holds out also choose its best epoch."
      legend={
        <Legend
          entries={[
            { label: `fold ${bestFold}, the best`, color: BEST, width: 2.2 },
            { label: 'the other folds', color: COLOR, width: 1.2 },
          ]}
        />
      }
      columns={1}
      plots={[{ title, width: 900, height: 260, alt: `${title}, by epoch. Last values: ${listed(ends)}.`, options }]}
    />
  );
}

const COLUMNS: readonly { score: FoldScore; header: string; unit: string; percent?: boolean }[] = [
  { score: 'apd', header: 'APD', unit: 'px' },
  { score: 'ps1', header: 'PS1', unit: 'px' },
  { score: 'ps2', header: 'PS2', unit: 'px' },
  { score: 'fh1', header: 'FH1', unit: 'px' },
  { score: 'mse', header: 'MSE', unit: 'px²' },
  { score: 'mae', header: 'MAE', unit: 'px' },
  { score: 'within10', header: '≤ 10 px', unit: '%', percent: true },
  { score: 'aopMae', header: 'AoP error', unit: 'degrees' },
];

function foldTable({ folds: all, mean, sd, bestFold }: CrossValidation, number: number): VNode {
  const cells = (scores: CrossValidation['mean']) =>
    COLUMNS.map(({ score, percent }) => {
      const value = scores[score];
      return fixed(percent && value !== null ? 100 * value : value, percent ? 1 : 2);
    });
  const rows: ComponentChildren[][] = [
    ...all.map(({ fold, frames, bestEpoch, scores }) => [
      `Fold ${fold}${fold === bestFold ? ', the best' : ''}`,
      String(frames),
      String(bestEpoch),
      ...cells(scores),
    ]),
    [<b>Mean</b>, '', '', ...cells(mean)],
    [<b>Standard deviation</b>, '', '', ...cells(sd)],
  ];
  return (
    <Table
      number={number}
      title="Folds"
      caption="Scores of each fold on its own frames. The standard deviation has divisor n − 1."
      columns={[
        { header: 'Fold' },
        { header: 'Frames' },
        { header: 'Best', unit: 'epoch' },
        ...COLUMNS.map(({ header, unit }) => ({ header, unit })),
      ]}
      rows={rows}
      marked={(row) => all[row]?.fold === bestFold}
    />
  );
}

function strata({ strata: all, pooled, splits }: CrossValidation, number: number): VNode {
  return (
    <Table
      number={number}
      title="Strata"
      caption="All held-out frames by the stratum they were divided by."
      columns={[
        { header: splits.strata },
        { header: 'Frames' },
        { header: 'APD', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
      ]}
      rows={[
        ...Object.entries(all).map(([stratum, { frames, apd, aopMae }]) => [
          <Name>{stratum}</Name>,
          String(frames),
          fixed(apd),
          fixed(aopMae),
        ]),
        [
          <b>All</b>,
          String(pooled.count),
          <WithInterval value={fixed(pooled.apd)} interval={range(pooled.intervals.apd)} />,
          <WithInterval
            value={fixed(pooled.aopMae)}
            interval={pooled.intervals.aopMae && range(pooled.intervals.aopMae)}
          />,
        ],
      ]}
      kind="narrow"
    />
  );
}

function plusMinus(mean: CrossValidation['mean'], sd: CrossValidation['sd'], score: FoldScore): string {
  return `${fixed(mean[score])} ± ${fixed(sd[score])}`;
}
