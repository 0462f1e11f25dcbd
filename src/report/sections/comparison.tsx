import * as Plot from '@observablehq/plot';
import type { VNode } from 'preact';
import {
  type Comparison,
  DIFFERENCES,
  meansInWords,
  type OverSeeds,
  paperOrderInWords,
  undefinedAngles,
} from '../../train/comparison/index.js';
import { Figure, Name, type Numbering, type Section, Table } from '../elements.js';
import { count, fixed, listed, MISSING } from '../format.js';
import { type Drawing, seriesStyle } from '../plot.js';
import type { ReportedComparison } from '../source/comparison.js';

/** Configurations against one another, each trained with several seeds: the paper's Table 1 in its form. */
export function comparisonSection(given: readonly ReportedComparison[], numbering: Numbering): Section | undefined {
  if (given.length === 0) return undefined;
  const body = given.map(({ name, comparison }) => (
    <>
      <h3>
        <Name>{name}</Name>
      </h3>
      <p>{inWords(comparison)}</p>
      <Verdict {...comparison} />
      {overSeeds(comparison, numbering.figure())}
      {table(comparison, numbering.table())}
    </>
  ));
  return { id: 'comparison', title: 'Comparison of configurations', body: <>{body}</> };
}

/** Whether the order is that of the paper, score by score. */
function Verdict({ models, orders, conclusion, differences }: Comparison): VNode {
  if (orders.length === 0) {
    return (
      <p>
        <bdi>{conclusion}</bdi>
      </p>
    );
  }
  return (
    <>
      <p>{unbroken(paperOrderInWords(models))} is</p>
      <ul>
        {orders.map(({ statement }) => (
          <li>
            <bdi>{unbroken(statement)}</bdi>
          </li>
        ))}
      </ul>
      {differences.length > 0 && (
        <>
          <p>{DIFFERENCES}:</p>
          <ul>
            {differences.map((sentence) => (
              <li>
                <bdi>{unbroken(sentence)}</bdi>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Text whose lines do not end at the hyphens of names, as in "U-Net": a word joiner follows each. */
function unbroken(text: string): string {
  return text.replace(/(?<=\w)-(?=\w)/g, '-\u2060');
}

function inWords({ models, seeds, data }: Comparison): string {
  return (
    `${count(models.length, 'configuration')}, each trained with ${count(seeds.length, 'seed')} on ` +
    `${count(data.train, 'frame')} and scored on ${count(data.test, 'test frame')}.`
  );
}

/** One dot for each seed, so that the spread over seeds stands beside the difference between configurations. */
function overSeeds({ models, seeds }: Comparison, number: number): VNode {
  const scores = [
    { score: 'apd', title: 'Test APD, px' },
    { score: 'aopMae', title: 'Test AoP error, degrees' },
  ] as const;
  const names = models.map(({ name }) => name);
  const longest = Math.max(...names.map(({ length }) => length));
  const plots = scores.flatMap(({ score, title }): Drawing[] => {
    const dots = models.flatMap(({ name, runs }, i) =>
      runs.flatMap((run) => {
        const value = run[score];
        return value === undefined ? [] : [{ name, value, color: seriesStyle(i).color }];
      }),
    );
    const means = models.flatMap((model, i) => {
      const own = model[score];
      return own ? [{ name: model.name, mean: own.mean, color: seriesStyle(i).color }] : [];
    });
    if (dots.length === 0) return [];
    const options: Plot.PlotOptions = {
      x: { label: null, grid: true, nice: true, inset: 8 },
      y: { domain: names, padding: 0.4 },
      marginTop: 4,
      marginBottom: 24,
      marginLeft: Math.min(180, 6.6 * longest + 14),
      marks: [
        Plot.tickX(means, { x: 'mean', y: 'name', stroke: 'color', strokeWidth: 2.5 }),
        Plot.dot(dots, { x: 'value', y: 'name', fill: 'color', fillOpacity: 0.6, r: 4 }),
      ],
    };
    const alt = `${title}, mean over seeds: ${listed(means.map(({ name, mean }) => `${name} ${fixed(mean)}`))}.`;
    return [{ title, width: 450, height: 30 + 34 * models.length, alt, options }];
  });
  return (
    <Figure
      number={number}
      title="Scores over seeds"
      caption={
        seeds.length > 1
          ? 'Each dot is a run with a seed of its own; the line is their mean. Where dots of two configurations mix, chance may have put one before the other.'
          : 'Each dot is the one run of a configuration. How far chance moves it, a single seed does not say.'
      }
      plots={plots}
    />
  );
}

function table(comparison: Comparison, number: number): VNode {
  const { models, seeds } = comparison;
  const withoutAngle = undefinedAngles(comparison);
  return (
    <Table
      number={number}
      title="Configurations"
      caption={[
        `${meansInWords(seeds)}.`,
        ...(models.some(({ quantisation }) => quantisation > 0)
          ? [
              '“Least APD” is what reading points from whole cells of the heatmap costs even if the right cell is always the highest.',
            ]
          : []),
        ...(withoutAngle === undefined ? [] : [withoutAngle]),
      ].join(' ')}
      columns={[
        { header: 'Configuration' },
        { header: 'Parameters' },
        { header: 'APD', unit: 'px' },
        { header: 'PS1', unit: 'px' },
        { header: 'PS2', unit: 'px' },
        { header: 'FH1', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
        { header: 'Least APD', unit: 'px' },
      ]}
      rows={models.map(({ name, architecture, decoding, parameters, apd, perLandmark, aopMae, quantisation }) => [
        <>
          <Name>{name}</Name>
          <span class="unit">
            {architecture}, read by {decoding}
          </span>
        </>,
        parameters.toLocaleString('en-GB'),
        plusMinus(apd),
        plusMinus(perLandmark.ps1),
        plusMinus(perLandmark.ps2),
        plusMinus(perLandmark.fh1),
        plusMinus(aopMae),
        quantisation === 0 ? MISSING : fixed(quantisation),
      ])}
    />
  );
}

function plusMinus(score: OverSeeds | undefined): string {
  if (!score) return MISSING;
  return score.sd === undefined ? fixed(score.mean) : `${fixed(score.mean)} ± ${fixed(score.sd)}`;
}
