import * as Plot from '@observablehq/plot';
import type { VNode } from 'preact';
import { Figure, type KeyedRun, Legend, type Numbering, RunLegend, RunName, type Section } from '../elements.js';
import { count, fixed, listed, significant } from '../format.js';
import { type Drawing, MUTED, seriesStyle } from '../plot.js';
import type { Epoch } from '../source/epochs.js';
import {
  defined,
  type EpochValue,
  epochAxis,
  floorMarks,
  learningRateStages,
  logAxis,
  stageMarks,
  stageSentence,
} from './epoch-marks.js';

const TRAINING = { color: MUTED, dash: '5,3' };

/** How each run learnt: the paper's Fig. 3. */
export function trainingSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const trained = runs.filter(({ epochs }) => epochs.length > 0);
  if (trained.length === 0) return undefined;
  const body = (
    <>
      {trained.length > 1 && comparison(trained, numbering.figure())}
      {trained.map((run) => curves(run, numbering.figure()))}
    </>
  );
  return { id: 'training', title: 'Training', body };
}

function comparison(runs: readonly KeyedRun[], number: number): VNode {
  const lines = runs.map((run) => ({ ...seriesStyle(run.index), run, points: defined(run.epochs, 'validationApd') }));
  const last = Math.max(...runs.flatMap(({ epochs }) => epochs.map(({ epoch }) => epoch)));
  const ends = lines.flatMap(({ run, color, points }) => points.slice(-1).map((point) => ({ ...point, run, color })));
  const options: Plot.PlotOptions = {
    x: epochAxis(last),
    y: { grid: true, zero: true, nice: true },
    marginRight: 28,
    marks: [
      ...lines.map(({ points, color, dash }) =>
        Plot.line(points, { x: 'epoch', y: 'value', stroke: color, strokeWidth: 1.8, strokeDasharray: dash }),
      ),
      Plot.text(ends, {
        x: 'epoch',
        y: 'value',
        fill: 'color',
        dx: 7,
        textAnchor: 'start',
        fontWeight: 600,
        text: ({ run }: (typeof ends)[number]) => run.key,
      }),
    ],
  };
  const values = ends.map(({ run, value }) => `${run.key} ${fixed(value)} px`);
  const alt = `Validation APD over the epochs of ${count(runs.length, 'run')}. Last values: ${listed(values)}.`;
  return (
    <Figure
      number={number}
      title="Pixel error of all runs"
      caption="Mean distance of the landmarks (APD) on the validation frames after each epoch, in pixels of a 512 px frame. It can be compared between runs; a loss cannot, where λ or σ differ."
      legend={<RunLegend runs={runs} />}
      columns={1}
      plots={[{ title: 'Validation APD, px', width: 900, height: 300, alt, options }]}
    />
  );
}

function curves(run: KeyedRun, number: number): VNode {
  const { epochs } = run;
  const validationStyle = { color: seriesStyle(run.index).color, dash: '' };
  const stages = learningRateStages(defined(epochs, 'learningRate'));
  const floor = floorOf(epochs);
  const best = epochs.filter((epoch) => epoch.best).at(-1);
  const panel = (title: string, keys: PanelKeys, { log = false, floorAt }: PanelOptions = {}): Drawing[] => {
    const training = keys.training ? defined(epochs, keys.training, log) : [];
    const validation = defined(epochs, keys.validation, log);
    if (training.length + validation.length === 0) return [];
    const marked = validation.filter(({ epoch }) => epoch === best?.epoch);
    const plot: Plot.PlotOptions = {
      x: epochAxis(epochs[epochs.length - 1].epoch),
      y: {
        grid: true,
        ...(log
          ? logAxis([...training, ...validation].map(({ value }) => value))
          : { nice: true, zero: floorAt === undefined }),
      },
      marks: [
        ...stageMarks(stages),
        ...(floorAt === undefined ? [] : floorMarks(floorAt)),
        Plot.line(training, { x: 'epoch', y: 'value', stroke: TRAINING.color, strokeDasharray: TRAINING.dash }),
        Plot.line(validation, { x: 'epoch', y: 'value', stroke: validationStyle.color, strokeWidth: 2 }),
        Plot.dot(marked, {
          x: 'epoch',
          y: 'value',
          r: 4,
          strokeWidth: 1.8,
          stroke: validationStyle.color,
          fill: 'var(--paper)',
        }),
      ],
    };
    return [{ title, width: 450, height: 250, alt: altOf(title, training, validation), options: plot }];
  };
  const loss = { training: 'trainingLoss', validation: 'validationLoss' } as const;
  const excess = { training: 'trainingExcess', validation: 'validationExcess' } as const;
  const distance = { training: 'trainingApd', validation: 'validationApd' } as const;
  return (
    <Figure
      number={number}
      title={
        <>
          Training of <RunName run={run} />
        </>
      }
      caption={
        <>
          Loss{floor !== undefined && ', its excess over the irreducible floor'}, mean landmark distance (APD, px of a
          512 px frame) and error of the angle of progression after each of {count(epochs.length, 'epoch')}.{' '}
          {stageSentence(stages)}
          {floor !== undefined &&
            ` The loss cannot fall below ${significant(floor, 4)}, the entropy of its target heatmaps (dotted).`}
          {best && ` The ring marks epoch ${best.epoch}, whose weights are kept as the best.`}
        </>
      }
      legend={
        <Legend
          entries={[
            { label: 'training', ...TRAINING, width: 1.5 },
            { label: 'validation', ...validationStyle },
          ]}
        />
      }
      plots={[
        ...panel('Loss', loss, { floorAt: floor }),
        ...(floor === undefined ? [] : panel('Loss above its floor, logarithmic', excess, { log: true })),
        ...panel('APD, px', distance),
        ...panel('AoP error, degrees', { validation: 'validationAopMae' }),
      ]}
    />
  );
}

interface PanelKeys {
  readonly training?: keyof Epoch;
  readonly validation: keyof Epoch;
}

interface PanelOptions {
  readonly log?: boolean;
  readonly floorAt?: number;
}

/** The least that the validation loss can be, where that is not zero. It is the same in each epoch but for rounding. */
function floorOf(epochs: readonly Epoch[]): number | undefined {
  const floors = epochs.flatMap(({ validationLoss: loss, validationExcess: excess }) =>
    typeof loss === 'number' && typeof excess === 'number' ? [loss - excess] : [],
  );
  const floor = floors.at(-1);
  return floor !== undefined && floor > 1e-6 ? floor : undefined;
}

function altOf(title: string, training: readonly EpochValue[], validation: readonly EpochValue[]): string {
  const course = (what: string, values: readonly EpochValue[]) => {
    if (values.length === 0) return [];
    const [first, last] = [values[0], values[values.length - 1]];
    return [`${what} from ${significant(first.value)} to ${significant(last.value)} in epoch ${last.epoch}`];
  };
  return `${title}, by epoch: ${[...course('training', training), ...course('validation', validation)].join(', ')}.`;
}
