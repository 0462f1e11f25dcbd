/** What plots over epochs share: their axes, the stages of the learning rate and the floor of a loss. */
import * as Plot from '@observablehq/plot';
import { listed, significant } from '../format.js';
import { BAND, MUTED } from '../plot.js';
import type { Epoch } from '../source/epochs.js';

export interface EpochValue {
  readonly epoch: number;
  readonly value: number;
}

/** The epochs in which a value is known, and positive where it has to be. */
export function defined(epochs: readonly Epoch[], key: keyof Epoch, positive = false): EpochValue[] {
  return epochs.flatMap((line) => {
    const value = line[key];
    return typeof value === 'number' && (!positive || value > 0) ? [{ epoch: line.epoch, value }] : [];
  });
}

export function epochAxis(last: number): Plot.ScaleOptions {
  return wholeAxis('epoch', 1, Math.max(2, last));
}

/** An axis of whole numbers, with at most nine of them marked. */
export function wholeAxis(label: string, first: number, last: number): Plot.ScaleOptions {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
  const step = steps.find((each) => last / each <= 8) ?? last;
  const ticks = Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step);
  return {
    label,
    domain: [first, last],
    tickFormat: 'd',
    ticks: ticks.includes(first) ? ticks : [first, ...ticks],
  };
}

/** Epochs with the same learning rate, the first and the last included. */
export interface Stage {
  readonly rate: number;
  readonly from: number;
  readonly to: number;
}

export function learningRateStages(rates: readonly { epoch: number; value: number }[]): Stage[] {
  const stages: Stage[] = [];
  for (const { epoch, value } of rates) {
    const current = stages.at(-1);
    if (current?.rate === value) stages[stages.length - 1] = { ...current, to: epoch };
    else stages.push({ rate: value, from: epoch, to: epoch });
  }
  return stages;
}

/** Every second stage on a tinted ground, and each learning rate above its stage where there is room. */
export function stageMarks(stages: readonly Stage[]): Plot.Markish[] {
  if (stages.length === 0) return [];
  const last = stages.length - 1;
  const edges = stages.map(({ rate, from, to }, i) => {
    return { rate, start: i === 0 ? from : from - 0.5, end: i === last ? to : to + 0.5 };
  });
  const room = 0.13 * Math.max(1, stages[last].to - stages[0].from);
  return [
    Plot.rect(
      edges.filter((_, i) => i % 2 === 1),
      { x1: 'start', x2: 'end', fill: BAND },
    ),
    Plot.text(
      edges.filter(({ start, end }) => end - start > room),
      {
        x: 'start',
        frameAnchor: 'top',
        dy: -12,
        textAnchor: 'start',
        fill: MUTED,
        fontSize: 10,
        text: ({ rate }: Stage) => `η ${significant(rate)}`,
      },
    ),
  ];
}

/** The same in words. */
export function stageSentence(stages: readonly Stage[]): string {
  if (stages.length === 0) return '';
  const [first, ...later] = stages;
  const start = `The learning rate η is ${significant(first.rate)}`;
  if (later.length === 0) return `${start} throughout.`;
  const steps = later.slice(0, 6).map(({ rate, from }) => `${significant(rate)} from epoch ${from}`);
  if (later.length > 6) steps.push(`${later.length - 6} further steps`);
  return `${start}, then ${listed(steps)} (alternate shading).`;
}

/** What a loss cannot fall below. */
export function floorMarks(floor: number): Plot.Markish[] {
  // On the left, where losses are far above it.
  return [
    Plot.ruleY([floor], { stroke: 'currentColor', strokeDasharray: '1.5,3' }),
    Plot.text([floor], {
      x: 1,
      y: floor,
      textAnchor: 'start',
      dx: 6,
      dy: -8,
      text: () => `irreducible floor ${significant(floor, 4)}`,
    }),
  ];
}

/**
 * A logarithmic axis over the values, with as many of 1, 2 and 5 times the powers of ten marked as there is room for.
 */
export function logAxis(values: readonly number[]): Plot.ScaleOptions {
  const domain = [0.9 * Math.min(...values), 1.1 * Math.max(...values)];
  const [first, last] = domain.map((end) => Math.floor(Math.log10(end)));
  const powers = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  const choices = [[1, 2, 5], [1, 3], [1]].map((digits) =>
    powers.flatMap((power) => digits.map((digit) => digit * power)).filter((t) => t >= domain[0] && t <= domain[1]),
  );
  const ticks = choices.find(({ length }) => length <= 7) ?? choices[2];
  return { type: 'log', domain, ticks, tickFormat: (value: number) => significant(value) };
}
