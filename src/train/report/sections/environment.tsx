import type { RunEnvironment } from '../../run-folder/index.js';
import { type Column, type KeyedRun, Name, type Numbering, RunName, type Section, Table } from '../elements.js';
import { dateTime, MISSING } from '../format.js';

/** Where, when and with what the runs were trained and evaluated. */
export function environmentSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const rows = runs.flatMap((run) => {
    const seed = run.settings.get('training.seed');
    const { scores } = run;
    const checkpoint = scores?.checkpoint && `${scores.checkpoint}, epoch ${scores.epoch ?? MISSING}`;
    return [
      ...(run.environment ? [row(run, 'training', run.environment, `seed ${seed ?? MISSING}`)] : []),
      ...(scores?.environment ? [row(run, 'evaluation', scores.environment, checkpoint ?? MISSING)] : []),
    ];
  });
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

function row(run: KeyedRun, what: string, environment: Partial<RunEnvironment>, detail: string) {
  const { date, adapter, software, sonde, commit, node, platform } = environment;
  return [
    <RunName run={run} />,
    <>
      {what}
      <span class="unit">{detail}</span>
    </>,
    date ? dateTime(date) : MISSING,
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
