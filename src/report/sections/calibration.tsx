import * as Plot from '@observablehq/plot';
import type { VNode } from 'preact';
import type { Reliabilities, Reliability, UncertaintyAssessment } from '../../train/uncertainty/index.js';
import { Figure, type KeyedRun, Legend, type Numbering, RunLegend, RunName, type Section, Table } from '../elements.js';
import { count, fixed, listed, percent } from '../format.js';
import { type Drawing, MUTED, seriesStyle } from '../plot.js';

interface Assessed {
  readonly run: KeyedRun;
  readonly assessment: UncertaintyAssessment;
  /** After the run's calibration, where it has one. */
  readonly best: Reliabilities;
}

const MEASURES = [
  { name: 'PS1', unit: 'px', of: ({ perLandmark }: Reliabilities) => perLandmark.ps1 },
  { name: 'PS2', unit: 'px', of: ({ perLandmark }: Reliabilities) => perLandmark.ps2 },
  { name: 'FH1', unit: 'px', of: ({ perLandmark }: Reliabilities) => perLandmark.fh1 },
  { name: 'AoP', unit: 'degrees', of: ({ aop }: Reliabilities) => aop },
] as const;

/** Whether the models know where they err: predicted against actual errors. */
export function calibrationSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const assessed = runs.flatMap((run): Assessed[] => {
    const assessment = run.scores?.uncertainty;
    return assessment ? [{ run, assessment, best: assessment.calibrated ?? assessment.raw }] : [];
  });
  if (assessed.length === 0) return undefined;
  const body = (
    <>
      <p>
        The spread of a heatmap predicts how far its landmark may be off, and all three together how far the angle may
        be. These plots compare that prediction with what happened.
      </p>
      {predictedAgainstActual(assessed, numbering.figure())}
      {coverage(assessed, numbering.figure())}
      {calibrationTable(assessed, numbering.table())}
      {assessed.some(({ assessment }) => assessment.flag) && flagTable(assessed, numbering.table())}
    </>
  );
  return { id: 'calibration', title: 'Calibration of the predicted errors', body };
}

function predictedAgainstActual(assessed: readonly Assessed[], number: number): VNode {
  const uncalibrated = assessed.filter(({ assessment }) => !assessment.calibrated).map(({ run }) => run.key);
  return (
    <Figure
      number={number}
      title="Predicted and actual error"
      caption={
        <>
          Frames in groups of equal size by their predicted error: root mean square of the actual errors of each group
          over that of the predicted ones. On the dotted line the prediction is right; above it the model is surer than
          it should be.
          {uncalibrated.length > 0 &&
            ` Uncalibrated, that is with the heatmaps’ own spread: ${listed(uncalibrated.map((key) => `run ${key}`))}.`}
        </>
      }
      legend={<RunLegend runs={assessed.map(({ run }) => run)} />}
      plots={MEASURES.flatMap(({ name, unit, of }): Drawing[] => {
        const curves = assessed.flatMap(({ run, best }) => {
          const reliability = of(best);
          return reliability ? [{ run, reliability }] : [];
        });
        return curves.length === 0 ? [] : [reliabilityPlot(`${name}: actual error, ${unit}`, unit, curves)];
      })}
    />
  );
}

interface Curve {
  readonly run: KeyedRun;
  readonly reliability: Reliability;
}

function reliabilityPlot(title: string, unit: string, curves: readonly Curve[]): Drawing {
  const bins = curves.flatMap(({ reliability }) => reliability.bins);
  const end = 1.05 * Math.max(...bins.flatMap(({ predicted, actual }) => [predicted, actual]));
  const options: Plot.PlotOptions = {
    x: { label: `predicted error, ${unit}`, domain: [0, end] },
    y: { domain: [0, end], grid: true },
    marginTop: 10,
    marks: [
      Plot.link([0], { x1: 0, y1: 0, x2: end, y2: end, stroke: 'currentColor', strokeDasharray: '1.5,3' }),
      ...curves.flatMap(({ run, reliability }) => {
        const { color, dash } = seriesStyle(run.index);
        return [
          Plot.line(reliability.bins, { x: 'predicted', y: 'actual', stroke: color, strokeDasharray: dash }),
          Plot.dot(reliability.bins, { x: 'predicted', y: 'actual', fill: color, r: 3.5 }),
        ];
      }),
    ],
  };
  const described = curves.map(({ run, reliability: { bins: own } }) => {
    const [first, last] = [own[0], own[own.length - 1]];
    return first === undefined
      ? `run ${run.key} has no groups`
      : `run ${run.key} from ${fixed(first.predicted)} predicted, ${fixed(first.actual)} actual to ` +
          `${fixed(last.predicted)} predicted, ${fixed(last.actual)} actual`;
  });
  return { title, width: 450, height: 290, alt: `${title}, by predicted error: ${listed(described)}.`, options };
}

/** How often the truth lies within the region that should hold it. */
function coverage(assessed: readonly Assessed[], number: number): VNode {
  const plots = [
    { title: 'Landmarks within their ellipse, %', of: ({ all }: Reliabilities): Reliability | undefined => all },
    { title: 'Angles within their interval, %', of: ({ aop }: Reliabilities) => aop },
  ].flatMap(({ title, of }): Drawing[] => {
    const lines = assessed.flatMap(({ run, assessment }) => {
      const { color, dash } = seriesStyle(run.index);
      return [
        { run, color, dash, width: 2, reliability: of(assessment.calibrated ?? assessment.raw) },
        ...(assessment.calibrated
          ? [{ run, color: MUTED, dash: '2,3', width: 1.2, reliability: of(assessment.raw) }]
          : []),
      ];
    });
    const options: Plot.PlotOptions = {
      x: { label: 'nominal coverage, %', domain: [0, 100] },
      y: { domain: [0, 100], grid: true, ticks: 5 },
      marginTop: 10,
      marks: [
        Plot.link([0], { x1: 0, y1: 0, x2: 100, y2: 100, stroke: 'currentColor', strokeDasharray: '1.5,3' }),
        ...lines.map(({ reliability, color, dash, width }) =>
          Plot.line(reliability?.coverage ?? [], {
            x: ({ level }) => 100 * level,
            y: ({ observed }) => 100 * observed,
            stroke: color,
            strokeDasharray: dash,
            strokeWidth: width,
          }),
        ),
      ],
    };
    const described = lines.flatMap(({ run, reliability }) => {
      const nearest = reliability?.coverage.find(({ level }) => level >= 0.9);
      return nearest
        ? [`run ${run.key} ${percent(nearest.observed)} % where ${percent(nearest.level, 0)} % should be`]
        : [];
    });
    return lines.some(({ reliability }) => reliability)
      ? [{ title, width: 450, height: 290, alt: `${title}: ${listed(described)}.`, options }]
      : [];
  });
  return (
    <Figure
      number={number}
      title="Coverage"
      caption="Share of frames whose truth lies within the region that should hold the share on the horizontal axis: an ellipse around each landmark, an interval around the angle. On the dotted line the regions have the right size; below it they are too small."
      legend={
        <div class="legends">
          <RunLegend runs={assessed.map(({ run }) => run)} />
          {assessed.some(({ assessment }) => assessment.calibrated) && (
            <Legend entries={[{ label: 'before calibration', color: MUTED, dash: '2,3', width: 1.2 }]} />
          )}
        </div>
      }
      plots={plots}
    />
  );
}

function calibrationTable(assessed: readonly Assessed[], number: number): VNode {
  const within = (reliability: Reliability | undefined, sigma: number) =>
    percent(reliability?.withinSigma.find((entry) => entry.sigma === sigma)?.observed);
  const rows = assessed.flatMap(({ run, assessment }) => {
    const stages = [
      { name: 'of the heatmaps', reliabilities: assessment.raw },
      ...(assessment.calibrated ? [{ name: calibratedOn(run), reliabilities: assessment.calibrated }] : []),
    ];
    return stages.map(({ name, reliabilities: { all, aop } }) => [
      <>
        <RunName run={run} />
        <span class="unit">{name}</span>
      </>,
      fixed(all.ence, 3),
      fixed(all.rankCorrelation, 3),
      within(all, 1),
      within(all, 2),
      fixed(aop?.ence, 3),
      fixed(aop?.rankCorrelation, 3),
      within(aop, 1),
      within(aop, 2),
    ]);
  });
  const [one, two] = [1, 2].map((sigma) => {
    const expected = (of: (reliabilities: Reliabilities) => Reliability | undefined) =>
      of(assessed[0].assessment.raw)?.withinSigma.find((entry) => entry.sigma === sigma)?.expected;
    return { landmarks: expected(({ all }) => all), angle: expected(({ aop }) => aop) };
  });
  return (
    <Table
      number={number}
      title="Calibration"
      caption={
        `ENCE: expected normalized calibration error, 0 is perfect. Rank correlation (Spearman) of predicted and actual ` +
        `errors, 1 is perfect order. Within 1σ and 2σ: ${percent(one.landmarks)} and ${percent(two.landmarks)} % of ` +
        `landmarks, ${percent(one.angle)} and ${percent(two.angle)} % of angles should be.`
      }
      columns={[
        { header: 'Run' },
        { header: 'ENCE', unit: 'landmarks' },
        { header: 'Rank corr.', unit: 'landmarks' },
        { header: 'Within 1σ', unit: 'landmarks, %' },
        { header: 'Within 2σ', unit: 'landmarks, %' },
        { header: 'ENCE', unit: 'angle' },
        { header: 'Rank corr.', unit: 'angle' },
        { header: 'Within 1σ', unit: 'angle, %' },
        { header: 'Within 2σ', unit: 'angle, %' },
      ]}
      rows={rows}
    />
  );
}

function calibratedOn({ calibration }: KeyedRun): string {
  return calibration ? `calibrated on ${count(calibration.frames, `${calibration.split} frame`)}` : 'calibrated';
}

function flagTable(assessed: readonly Assessed[], number: number): VNode {
  return (
    <Table
      number={number}
      title="Frames flagged for low confidence"
      caption="A frame is flagged where its predicted error is above the threshold that calibration chose. The flag is useful if flagged frames are clearly worse."
      columns={[
        { header: 'Run' },
        { header: 'Threshold', unit: 'px' },
        { header: 'Flagged', unit: 'frames' },
        { header: 'APD', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
        { header: 'Others', unit: 'frames' },
        { header: 'APD', unit: 'px' },
        { header: 'AoP error', unit: 'degrees' },
      ]}
      rows={assessed.flatMap(({ run, assessment: { flag } }) =>
        flag
          ? [
              [
                <RunName run={run} />,
                fixed(flag.threshold),
                String(flag.flagged.count),
                fixed(flag.flagged.apd),
                fixed(flag.flagged.aopMae),
                String(flag.others.count),
                fixed(flag.others.apd),
                fixed(flag.others.aopMae),
              ],
            ]
          : [],
      )}
    />
  );
}
