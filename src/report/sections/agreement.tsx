import * as Plot from '@observablehq/plot';
import type { VNode } from 'preact';
import { angleOfProgression } from '../../model/landmarks.js';
import type { SplitMetrics } from '../../train/run-folder/index.js';
import { Figure, type KeyedRun, type Numbering, RunName, type Section, Table, WithInterval } from '../elements.js';
import { count, fixed, probability, range } from '../format.js';
import { type Drawing, MUTED, seriesStyle } from '../plot.js';

interface Measured {
  readonly run: KeyedRun;
  readonly agreement: NonNullable<SplitMetrics['aopAgreement']>;
  readonly pairs: readonly AnglePair[];
}

interface AnglePair {
  /** Agreement of predicted and true angle, degrees. */
  readonly mean: number;
  /** Predicted minus true, degrees. */
  readonly difference: number;
}

/** Whether a predicted angle of progression can stand for a measured one. */
export function agreementSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const measured = runs.flatMap((run): Measured[] => {
    const agreement = run.scores?.aopAgreement;
    return agreement ? [{ run, agreement, pairs: anglePairs(run) }] : [];
  });
  if (measured.length === 0) return undefined;
  const plotted = measured.filter(({ pairs }) => pairs.length > 0);
  const body = (
    <>
      {plotted.length > 0 && blandAltman(plotted, numbering.figure())}
      {agreementTable(measured, numbering.table())}
    </>
  );
  return { id: 'agreement', title: 'Agreement of the angle of progression', body };
}

function anglePairs({ frames }: KeyedRun): AnglePair[] {
  return frames.flatMap(({ predicted, truth }) => {
    const angle = angleOfProgression(predicted);
    const trueAngle = angleOfProgression(truth);
    return angle === undefined || trueAngle === undefined
      ? []
      : [{ mean: (angle + trueAngle) / 2, difference: angle - trueAngle }];
  });
}

function blandAltman(measured: readonly Measured[], number: number): VNode {
  const reach = Math.max(
    ...measured.flatMap(({ agreement: { blandAltman: limits }, pairs }) => [
      ...pairs.map(({ difference }) => Math.abs(difference)),
      ...[limits.lowerInterval.low, limits.upperInterval.high].map(Math.abs),
    ]),
  );
  const means = measured.flatMap(({ pairs }) => pairs.map(({ mean }) => mean));
  const domain = [Math.min(...means), Math.max(...means)];
  return (
    <Figure
      number={number}
      title="Bland–Altman plots of the angle of progression"
      caption="Each dot is a frame: the difference of the predicted from the true angle over the mean of both. The solid line is the mean difference (bias), the dashed ones are the 95 % limits of agreement (bias ± 1.96 standard deviations); the shading around each is its 95 % interval. All panels have the same axes."
      plots={measured.map((one) => blandAltmanPlot(one, 1.08 * reach, domain))}
    />
  );
}

function blandAltmanPlot({ run, agreement, pairs }: Measured, reach: number, domain: readonly number[]): Drawing {
  const { bias, biasInterval, lower, lowerInterval, upper, upperInterval } = agreement.blandAltman;
  const { color } = seriesStyle(run.index);
  const bands = [biasInterval, lowerInterval, upperInterval];
  const lines = [
    { at: bias, label: fixed(bias, 1) },
    { at: lower, label: fixed(lower, 1) },
    { at: upper, label: fixed(upper, 1) },
  ];
  const options: Plot.PlotOptions = {
    x: { label: 'mean of predicted and true angle, degrees', domain, inset: 8 },
    y: { domain: [-reach, reach], ticks: 7 },
    marginRight: 40,
    marginTop: 10,
    marks: [
      Plot.rect(bands, { y1: 'low', y2: 'high', fill: color, fillOpacity: 0.13 }),
      Plot.ruleY([0], { stroke: 'var(--rule)' }),
      Plot.ruleY(lines, {
        y: 'at',
        stroke: color,
        strokeWidth: 1.4,
        strokeDasharray: '6,4',
        filter: (_, i) => i > 0,
      }),
      Plot.ruleY([bias], { stroke: color, strokeWidth: 1.4 }),
      Plot.dot(pairs, { x: 'mean', y: 'difference', r: 2.6, fill: color, fillOpacity: 0.55 }),
      Plot.text(lines, { y: 'at', text: 'label', frameAnchor: 'right', dx: 34, textAnchor: 'end', fill: MUTED }),
    ],
  };
  const alt =
    `Differences of predicted and true angle in run ${run.key} over ${count(pairs.length, 'frame')}: bias ` +
    `${fixed(bias)}°, limits of agreement ${fixed(lower)}° and ${fixed(upper)}°.`;
  return { title: `${run.key}: predicted − true angle, degrees`, width: 450, height: 290, alt, options };
}

function agreementTable(measured: readonly Measured[], number: number): VNode {
  return (
    <Table
      number={number}
      title="Agreement of predicted and true angle"
      caption="Bias is the mean of predicted − true. The slope says how the difference grows with the angle; p tests a slope of zero. ICC(2,1): intraclass correlation for absolute agreement of single measurements, two-way random effects; 1 is perfect."
      columns={[
        { header: 'Run' },
        { header: 'Frames' },
        { header: 'Bias', unit: 'degrees' },
        { header: 'Lower limit', unit: 'degrees' },
        { header: 'Upper limit', unit: 'degrees' },
        { header: 'Slope', unit: 'degrees per degree' },
        { header: 'p of slope' },
        { header: 'ICC(2,1)' },
      ]}
      rows={measured.map(({ run, agreement: { blandAltman: limits, icc } }) => [
        <RunName run={run} />,
        String(limits.count),
        <WithInterval value={fixed(limits.bias)} interval={range(limits.biasInterval)} />,
        <WithInterval value={fixed(limits.lower)} interval={range(limits.lowerInterval)} />,
        <WithInterval value={fixed(limits.upper)} interval={range(limits.upperInterval)} />,
        <WithInterval
          value={fixed(limits.proportional?.slope, 3)}
          interval={limits.proportional && range(limits.proportional.slopeInterval, 3)}
        />,
        probability(limits.proportional?.p),
        <WithInterval value={fixed(icc.icc, 3)} interval={range(icc.interval, 3)} />,
      ])}
    />
  );
}
