import type { ComponentChildren, VNode } from 'preact';
import type { RunEnvironment } from '../../train/run-folder/index.js';
import { type Column, type KeyedRun, Name, type Numbering, RunName, type Section, Table } from '../elements.js';
import { count, dateTime, listed, MISSING } from '../format.js';
import type { Sources } from '../source/sources.js';

/** Where, when and with what everything was made. */
export function environmentSection(
  runs: readonly KeyedRun[],
  { comparisons, crossValidations, searches }: Omit<Sources, 'runs'>,
  numbering: Numbering,
): Section | undefined {
  const rows = [
    ...runs.flatMap(rowsOf),
    ...comparisons.map(({ name, comparison: { seeds, environment } }) =>
      row(<Name>{name}</Name>, 'comparison', environment, `seeds ${seeds.join(', ')}`),
    ),
    ...crossValidations.flatMap(({ name, results: { splits, environment }, environments }) => [
      ...environments.map(({ of, environment: own }) => {
        const folds = of.length === 1 ? `fold ${of[0]}` : `folds ${listed(of)}`;
        return row(<Name>{name}</Name>, 'training', own, folds);
      }),
      row(<Name>{name}</Name>, 'cross-validation', environment, `seed of the folds ${splits.seed}`),
    ]),
    ...searches.flatMap(({ name, environments }) =>
      environments.map(({ of, environment }) =>
        row(<Name>{name}</Name>, 'search', environment, count(of.length, 'trial')),
      ),
    ),
  ];
  if (rows.length === 0) return undefined;
  const columns: Column[] = [
    { header: 'Run' },
    { header: 'What', text: true },
    { header: 'Begun', text: true },
    { header: 'Adapter and driver', text: true },
    { header: 'sonde', text: true },
    { header: 'Node', text: true },
  ];
  const body = (
    <Table number={numbering.table()} title="Environment" columns={columns} rows={rows} kind="environment" />
  );
  return { id: 'environment', title: 'Environment', body };
}

function rowsOf(run: KeyedRun): ComponentChildren[][] {
  const { scores, environment, settings } = run;
  const name = <RunName run={run} />;
  const checkpoint = scores && `${scores.checkpoint}, epoch ${scores.epoch}`;
  return [
    ...(environment ? [row(name, 'training', environment, `seed ${settings.get('training.seed') ?? MISSING}`)] : []),
    ...(scores ? [row(name, 'evaluation', scores.environment, checkpoint)] : []),
  ];
}

function row(
  name: VNode,
  what: string,
  environment: Partial<RunEnvironment>,
  detail: string | undefined,
): ComponentChildren[] {
  const { date, adapter, software, sonde, commit, node, platform } = environment;
  return [
    name,
    <>
      {what}
      {detail && <span class="unit">{detail}</span>}
    </>,
    date ? <span class="date">{dateTime(date)}</span> : MISSING,
    <>
      <Name>{adapter ?? MISSING}</Name>
      {software && <span class="unit">software, on the processor</span>}
    </>,
    <>
      {sonde ?? MISSING}
      {commit && <span class="unit">{commit}</span>}
    </>,
    <>
      {node ?? MISSING}
      {platform && <span class="unit">{platform}</span>}
    </>,
  ];
}
