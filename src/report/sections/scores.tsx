import type { ComponentChildren, VNode } from 'preact';
import type { Interval } from '../../train/metrics/index.js';
import type { SplitMetrics } from '../../train/run-folder/index.js';
import {
  type Column,
  type KeyedRun,
  Name,
  type Numbering,
  RunName,
  type Section,
  Table,
  WithInterval,
} from '../elements.js';
import { fixed, percent, range } from '../format.js';
import { PublishedTable } from './published.js';

/** The paper's Table 1 for the runs of the report, and the published one apart from it. */
export function scoresSection(runs: readonly KeyedRun[], split: string, numbering: Numbering): Section | undefined {
  const rows = runs.flatMap((run): ScoredRow[] => [
    ...(run.scores ? [{ name: <RunName run={run} />, scores: run.scores }] : []),
    ...run.otherReadings.map((scores) => ({ name: <OtherReading run={run} scores={scores} />, scores })),
  ]);
  if (rows.length === 0) return undefined;
  const body = (
    <>
      <p>
        Distances are in pixels of a frame brought to 512 px, angles in degrees. Under each value stands its 95 %
        interval, found by bootstrap over frames, because the three landmarks of a frame err together.
      </p>
      {overall(rows, split, numbering.table())}
      {landmarks(rows, numbering.table())}
      {success(rows, numbering.table())}
      {rows.some(({ scores }) => scores.mm) && millimetres(rows, numbering.table())}
      {rows.some(({ scores }) => scores.ensemble) && members(rows, numbering.table())}
      <PublishedTable number={numbering.table()} />
    </>
  );
  return { id: 'scores', title: 'Scores', body };
}

interface ScoredRow {
  readonly name: VNode;
  readonly scores: SplitMetrics;
}

function OtherReading({ run, scores }: { run: KeyedRun; scores: SplitMetrics }): VNode {
  return (
    <>
      <RunName run={run} />
      <span class="unit">
        heatmaps read by {scores.decoding}
        {scores.flips ? `, mean over views mirrored ${scores.flips.join(' and ')}ly` : ''}
      </span>
    </>
  );
}

function overall(rows: readonly ScoredRow[], split: string, number: number): VNode {
  const columns: Column[] = [
    { header: 'Run' },
    { header: 'Frames' },
    { header: 'APD', unit: 'px' },
    { header: 'Median', unit: 'px' },
    { header: 'MSE', unit: 'px²' },
    { header: 'MAE', unit: 'px' },
    { header: 'AoP error', unit: 'degrees' },
    { header: 'No angle', unit: 'frames' },
    { header: 'Mean position', unit: 'APD, px' },
  ];
  return (
    <Table
      number={number}
      title="Landmarks and angle of progression"
      caption={
        <>
          Means over landmarks and frames of the {split} split: APD, Euclidean distance, and its median; MSE and MAE,
          per coordinate; AoP error, absolute. “Mean position” is the APD of always answering the mean landmarks of the
          training frames: what a model that does not look would score.
        </>
      }
      columns={columns}
      rows={rows.map(({ name, scores }) => [
        name,
        String(scores.count),
        valued(scores.apd, scores.intervals.apd),
        valued(scores.distances.median, scores.intervals.median),
        valued(scores.mse, scores.intervals.mse, 1),
        valued(scores.mae, scores.intervals.mae),
        valued(scores.aopMae, scores.intervals.aopMae),
        String(scores.undefinedAngles),
        fixed(scores.apdOfMean),
      ])}
    />
  );
}

function landmarks(rows: readonly ScoredRow[], number: number): VNode {
  return (
    <Table
      number={number}
      title="Distance by landmark"
      caption="Mean Euclidean distance, and its 95th percentile. PS1 and PS2 are the inferior and superior ends of the pubic symphysis, FH1 is the point where the tangent from PS1 touches the fetal skull."
      columns={[
        { header: 'Run' },
        { header: 'PS1', unit: 'px' },
        { header: 'PS2', unit: 'px' },
        { header: 'FH1', unit: 'px' },
        { header: 'PS1, 95 %', unit: 'px' },
        { header: 'PS2, 95 %', unit: 'px' },
        { header: 'FH1, 95 %', unit: 'px' },
      ]}
      rows={rows.map(({ name, scores: { perLandmark, intervals } }) => [
        name,
        valued(perLandmark.ps1.apd, intervals.perLandmark.ps1.apd),
        valued(perLandmark.ps2.apd, intervals.perLandmark.ps2.apd),
        valued(perLandmark.fh1.apd, intervals.perLandmark.fh1.apd),
        fixed(perLandmark.ps1.distances.p95),
        fixed(perLandmark.ps2.distances.p95),
        fixed(perLandmark.fh1.distances.p95),
      ])}
    />
  );
}

function success(rows: readonly ScoredRow[], number: number): VNode {
  return (
    <Table
      number={number}
      title="Success rates"
      caption="Share of all landmarks, and of all frames for the angle. A frame without an angle counts as a miss."
      columns={[
        { header: 'Run' },
        { header: '≤ 5 px', unit: '%' },
        { header: '≤ 10 px', unit: '%' },
        { header: '≤ 20 px', unit: '%' },
        { header: 'AoP ≤ 5°', unit: '%' },
        { header: 'AoP ≤ 10°', unit: '%' },
      ]}
      rows={rows.map(({ name, scores: { sdr, aopWithin5, aopWithin10, intervals } }) => [
        name,
        share(sdr.within5, intervals.sdr.within5),
        share(sdr.within10, intervals.sdr.within10),
        share(sdr.within20, intervals.sdr.within20),
        share(aopWithin5, intervals.aopWithin5),
        share(aopWithin10, intervals.aopWithin10),
      ])}
    />
  );
}

function millimetres(rows: readonly ScoredRow[], number: number): VNode {
  return (
    <Table
      number={number}
      title="In millimetres"
      caption="The distances of those frames whose files give the size of their pixels."
      columns={[
        { header: 'Run' },
        { header: 'Frames' },
        { header: 'APD', unit: 'mm' },
        { header: 'PS1', unit: 'mm' },
        { header: 'PS2', unit: 'mm' },
        { header: 'FH1', unit: 'mm' },
      ]}
      rows={rows.flatMap(({ name, scores: { mm } }): ComponentChildren[][] => {
        if (!mm) return [];
        const { ps1, ps2, fh1 } = mm.perLandmark;
        return [[name, String(mm.count), fixed(mm.apd), fixed(ps1.apd), fixed(ps2.apd), fixed(fh1.apd)]];
      })}
    />
  );
}

function members(rows: readonly ScoredRow[], number: number): VNode {
  return (
    <Table
      number={number}
      title="Members of ensembles"
      caption="What each member scores alone on the same frames, beside the mean of their answers. Disagreement is how far the members lie apart on average, for PS1, PS2 and FH1."
      columns={[
        { header: 'Run' },
        { header: 'Member', text: true },
        { header: 'APD', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
        { header: 'Disagreement', unit: 'px' },
      ]}
      rows={rows.flatMap(({ name, scores: { ensemble, apd, aopMae } }): ComponentChildren[][] => {
        if (!ensemble) return [];
        const { ps1, ps2, fh1 } = ensemble.disagreement;
        return [
          [name, 'all together', fixed(apd), fixed(aopMae), [ps1, ps2, fh1].map((each) => fixed(each)).join(', ')],
          ...ensemble.members.map((one) => [name, <Name>{one.run}</Name>, fixed(one.apd), fixed(one.aopMae), '']),
        ];
      })}
    />
  );
}

function valued(value: number | undefined, interval: Interval | undefined, digits = 2): VNode {
  return <WithInterval value={fixed(value, digits)} interval={interval && range(interval, digits)} />;
}

function share(value: number, interval: Interval): VNode {
  const percents = { low: 100 * interval.low, high: 100 * interval.high };
  return <WithInterval value={percent(value)} interval={range(percents, 1)} />;
}
