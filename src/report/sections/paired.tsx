import type { ComponentChildren } from 'preact';
import { adjustedPairs, type PairedDifference, pairRuns } from '../../train/significance/index.js';
import { type KeyedRun, type Numbering, RunName, type Section, Table, WithInterval } from '../elements.js';
import { count, fixed, MISSING, percent, probability, range } from '../format.js';

/** Which of two runs errs less on the same frames, and whether chance explains it. */
export function pairedSection(runs: readonly KeyedRun[], numbering: Numbering): Section | undefined {
  const scored = runs.filter(({ frames }) => frames.length > 0);
  if (scored.length < 2) return undefined;
  const pairs = pairRuns(scored.map(({ frames }) => frames));
  const adjusted = adjustedPairs(pairs);
  const strangers = pairs.reduce((sum, pair) => sum + pair.strangers, 0);
  const body = (
    <>
      <p>
        Two runs that answered the same frames are compared frame by frame, which is much sharper than comparing their
        intervals above.
      </p>
      <Table
        number={numbering.table()}
        title="Paired differences of the errors"
        caption={
          <>
            Error of the first run minus that of the second: where it is negative, the first errs less. Mean difference
            with its 95 % interval (bootstrap over frames), share of frames in which the first is better, and p of
            Wilcoxon’s signed-rank test, two-sided, as it is and corrected after Holm for all tests of this table.
            {strangers > 0 &&
              ` ${count(strangers, 'pair')} of frames with the same name but another truth are left out.`}
          </>
        }
        columns={[
          { header: 'Runs' },
          { header: 'Error', text: true },
          { header: 'Frames', unit: 'in common' },
          { header: 'Difference', unit: 'px or degrees' },
          { header: 'First better', unit: '% of frames' },
          { header: 'p' },
          { header: 'p, Holm' },
        ]}
        rows={pairs.flatMap((pair, i) => {
          const names = (
            <>
              <RunName run={scored[pair.first]} /> − <RunName run={scored[pair.second]} />
            </>
          );
          return [
            row(names, 'APD, px', pair.distance, adjusted[i].distance),
            row(names, 'AoP, degrees', pair.angle, adjusted[i].angle),
          ];
        })}
      />
    </>
  );
  return { id: 'paired', title: 'Paired comparison', body };
}

function row(
  names: ComponentChildren,
  error: string,
  difference: PairedDifference | undefined,
  adjusted: number | undefined,
): ComponentChildren[] {
  if (!difference) return [names, error, '0', MISSING, MISSING, MISSING, MISSING];
  return [
    names,
    error,
    String(difference.frames),
    <WithInterval value={fixed(difference.mean)} interval={range(difference.interval)} />,
    percent(difference.firstBetter),
    probability(difference.p),
    probability(adjusted),
  ];
}
