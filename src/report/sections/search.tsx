import * as Plot from '@observablehq/plot';
import type { ComponentChildren, VNode } from 'preact';
import type { SearchSummary } from '../../train/search/index.js';
import { Figure, Legend, Name, type Numbering, type Section, Table } from '../elements.js';
import { count, fixed, listed, MISSING, significant } from '../format.js';
import { type Drawing, MUTED } from '../plot.js';
import type { ReportedSearch } from '../source/search.js';
import { logAxis, wholeAxis } from './epoch-marks.js';

const OBJECTIVES: Readonly<Record<SearchSummary['objective'], string>> = {
  apd: 'Validation APD, px',
  loss: 'Validation loss',
  aop: 'Validation AoP error, degrees',
};

/** In a sentence. */
const SOUGHT: Readonly<Record<SearchSummary['objective'], string>> = {
  apd: 'validation APD (px)',
  loss: 'validation loss',
  aop: 'validation error of the angle (degrees)',
};

const COMPLETE = 'var(--series-1)';
const BEST = 'var(--series-2)';
/** Rows of the table of trials. */
const SHOWN = 10;

/** What hyperparameter searches have tried, and what mattered. */
export function searchSection(searches: readonly ReportedSearch[], numbering: Numbering): Section | undefined {
  if (searches.length === 0) return undefined;
  const body = searches.map(({ name, summary }) => (
    <>
      <h3>
        <Name>{name}</Name>
      </h3>
      <p>{inWords(summary)}</p>
      {summary.trials.some(({ value }) => value !== null) && history(summary, numbering.figure())}
      {summary.trials.some(({ reports }) => reports.length > 1) && courses(summary, numbering.figure())}
      {summary.importance && importance(summary.importance, numbering.figure())}
      {ranked(summary).length > 0 && slices(summary, numbering.figure())}
      {ranked(summary).length > 0 && bestTrials(summary, numbering.table())}
    </>
  ));
  return { id: 'search', title: 'Hyperparameter search', body: <>{body}</> };
}

type Trial = SearchSummary['trials'][number];

interface ScoredTrial extends Trial {
  readonly value: number;
}

function scored({ trials }: SearchSummary, state: Trial['state']): ScoredTrial[] {
  return trials.flatMap((trial) => {
    const { value } = trial;
    return trial.state === state && value !== null ? [{ ...trial, value }] : [];
  });
}

/** The complete trials, the best first. */
function ranked(summary: SearchSummary): ScoredTrial[] {
  return scored(summary, 'complete').sort((a, b) => a.value - b.value || a.number - b.number);
}

function inWords(summary: SearchSummary): string {
  const { trials, objective, space } = summary;
  const states = (['complete', 'pruned', 'failed', 'running', 'waiting'] as const).flatMap((state) => {
    const number = trials.filter((trial) => trial.state === state).length;
    return number === 0 ? [] : [`${number} ${state}`];
  });
  const [best] = ranked(summary);
  const found = best ? ` The best is trial ${best.number} with ${fixed(best.value)}.` : ' None is complete yet.';
  return (
    `${count(trials.length, 'trial')} over ${listed(Object.keys(space))}: ${listed(states) || 'none begun'}. ` +
    `The less ${SOUGHT[objective]}, the better.${found}`
  );
}

/** The values of the trials in their order, and the best so far. */
function history(summary: SearchSummary, number: number): VNode {
  const title = OBJECTIVES[summary.objective];
  const complete = scored(summary, 'complete');
  const last = Math.max(1, ...summary.trials.map((trial) => trial.number));
  let least = Number.POSITIVE_INFINITY;
  const best = complete.map(({ number: trial, value }) => {
    least = Math.min(least, value);
    return { trial, value: least };
  });
  const options: Plot.PlotOptions = {
    x: { ...wholeAxis('trial', 0, last), inset: 6 },
    y: { grid: true, nice: true },
    marginTop: 10,
    marks: [
      Plot.line([...best, ...best.slice(-1).map(({ value }) => ({ trial: last, value }))], {
        x: 'trial',
        y: 'value',
        curve: 'step-after',
        stroke: BEST,
        strokeWidth: 1.8,
      }),
      Plot.dot(complete, { x: 'number', y: 'value', fill: COMPLETE, r: 3.5 }),
      Plot.dot(scored(summary, 'pruned'), { x: 'number', y: 'value', stroke: MUTED, symbol: 'times', r: 3.5 }),
    ],
  };
  const [first, end] = [best[0], best[best.length - 1]];
  const course = first ? `the best so far falls from ${fixed(first.value)} to ${fixed(end.value)}` : 'none is complete';
  return (
    <Figure
      number={number}
      title="History of the search"
      caption="Each dot is a trial that was trained to its end, each cross one that was stopped early, at the last value it had reported. The line is the best so far."
      legend={
        <Legend
          entries={[
            { label: 'complete', color: COMPLETE, mark: 'dot' },
            { label: 'pruned', color: MUTED, mark: 'cross' },
            { label: 'best so far', color: BEST },
          ]}
        />
      }
      columns={1}
      plots={[{ title, width: 900, height: 280, alt: `${title}, of the trials in their order: ${course}.`, options }]}
    />
  );
}

/** What the trials reported after each epoch. */
function courses({ trials, best, objective }: SearchSummary, number: number): VNode {
  const lines = trials.map(({ number: trial, state, reports }) => {
    const points = reports.filter(({ value }) => value !== null);
    return { points, isBest: trial === best, pruned: state === 'pruned' };
  });
  const last = Math.max(...trials.flatMap(({ reports }) => reports.map(({ epoch }) => epoch)));
  const line = ({ points, isBest, pruned }: (typeof lines)[number]) =>
    Plot.line(points, {
      x: 'epoch',
      y: 'value',
      strokeWidth: isBest ? 2.4 : 1.1,
      stroke: isBest ? BEST : pruned ? MUTED : COMPLETE,
      strokeOpacity: isBest ? 1 : 0.55,
      strokeDasharray: pruned ? '3,3' : '',
    });
  const options: Plot.PlotOptions = {
    x: wholeAxis('epoch', 1, Math.max(2, last)),
    y: { grid: true, nice: true },
    marginTop: 10,
    // The best over the others.
    marks: [...lines.filter(({ isBest }) => !isBest), ...lines.filter(({ isBest }) => isBest)].map(line),
  };
  const title = OBJECTIVES[objective];
  const pruned = lines.filter((each) => each.pruned).length;
  const alt = `${title}, of ${count(trials.length, 'trial')} by epoch; ${pruned} of them end early.`;
  return (
    <Figure
      number={number}
      title="Courses of the trials"
      caption="What each trial reported after its epochs, by which the pruner decided whether it went on."
      legend={
        <Legend
          entries={[
            { label: 'the best', color: BEST, width: 2.4 },
            { label: 'others', color: COMPLETE, width: 1.1 },
            { label: 'pruned', color: MUTED, dash: '3,3', width: 1.1 },
          ]}
        />
      }
      columns={1}
      plots={[{ title, width: 900, height: 280, alt, options }]}
    />
  );
}

function importance(shares: Readonly<Record<string, number>>, number: number): VNode {
  const sorted = Object.entries(shares)
    .map(([parameter, share]) => ({ parameter, percent: 100 * share }))
    .sort((a, b) => b.percent - a.percent);
  const longest = Math.max(...sorted.map(({ parameter }) => parameter.length));
  const options: Plot.PlotOptions = {
    x: { label: 'share of the variation that the parameter explains by itself, %', domain: [0, 100], grid: true },
    y: { domain: sorted.map(({ parameter }) => parameter), padding: 0.35 },
    marginTop: 4,
    marginLeft: Math.min(300, 7 * longest + 16),
    marks: [
      Plot.barX(sorted, { x: 'percent', y: 'parameter', fill: COMPLETE }),
      Plot.text(sorted, {
        x: 'percent',
        y: 'parameter',
        dx: 6,
        textAnchor: 'start',
        text: ({ percent }) => fixed(percent, 0),
      }),
    ],
  };
  const alt = `Importance: ${listed(sorted.map(({ parameter, percent }) => `${parameter} ${fixed(percent, 0)} %`))}.`;
  return (
    <Figure
      number={number}
      title="Importance of the parameters"
      caption="Functional analysis of variance on a random forest of the complete trials (Hutter, Hoos and Leyton-Brown 2014). Few trials make it uncertain, and so does a sampler that stays where values are good."
      columns={1}
      plots={[{ title: 'Importance', width: 900, height: 46 + 30 * sorted.length, alt, options }]}
    />
  );
}

/** The objective over each parameter. */
function slices(summary: SearchSummary, number: number): VNode {
  const title = OBJECTIVES[summary.objective];
  const complete = ranked(summary);
  const plots = Object.entries(summary.space).map(([name, distribution]): Drawing => {
    const points = complete.flatMap(({ number: trial, value, parameters }) => {
      const at = parameters[name];
      // A number stands where it is; choices stand beside one another under their names.
      return at === undefined
        ? []
        : [{ trial, value, at: distribution.type === 'categorical' ? String(at) : Number(at) }];
    });
    const axis = (): Plot.ScaleOptions => {
      if (distribution.type === 'categorical') return { type: 'point', domain: distribution.choices.map(String) };
      return distribution.log ? logAxis(points.map(({ at }) => Number(at))) : {};
    };
    const options: Plot.PlotOptions = {
      x: { label: name, inset: 8, ...axis() },
      y: { grid: true, nice: true },
      marginTop: 10,
      marks: [
        Plot.dot(points, { x: 'at', y: 'value', fill: COMPLETE, fillOpacity: 0.6, r: 3.5 }),
        Plot.dot(
          points.filter(({ trial }) => trial === summary.best),
          { x: 'at', y: 'value', stroke: BEST, strokeWidth: 2, r: 6 },
        ),
      ],
    };
    const alt = `${title}, over ${name} in ${count(points.length, 'trial')}; the best has ${shown(complete[0].parameters[name])}.`;
    return { title, width: 450, height: 240, alt, options };
  });
  return (
    <Figure
      number={number}
      title="The objective over each parameter"
      caption="Complete trials only; the ring is the best of them."
      plots={plots}
    />
  );
}

function bestTrials(summary: SearchSummary, number: number): VNode {
  const trials = ranked(summary).slice(0, SHOWN);
  const names = Object.keys(summary.space);
  return (
    <Table
      number={number}
      title="The best trials"
      columns={[
        { header: 'Trial' },
        { header: OBJECTIVES[summary.objective] },
        ...names.map((name) => ({ header: <Name>{name}</Name> })),
      ]}
      rows={trials.map((trial): ComponentChildren[] => [
        String(trial.number),
        fixed(trial.value),
        ...names.map((name) => shown(trial.parameters[name])),
      ])}
      marked={(row) => row === 0}
    />
  );
}

function shown(value: SearchSummary['trials'][number]['parameters'][string] | undefined): string {
  if (value === undefined) return MISSING;
  return typeof value === 'number' ? significant(value, 4) : String(value);
}
