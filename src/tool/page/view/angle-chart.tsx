import { loopSummary } from '../../../model/index.js';
import { type Annotation, angleOf, measurementsOf } from '../annotate/annotation.js';
import type { Entry } from '../annotate/entry.js';
import { degrees } from './format.js';

/** View box of the drawing, which is stretched to the available space. */
const WIDTH = 1000;
const HEIGHT = 100;

/** Minimum span of the chart, degrees: with less, noise in a steady loop would look like movement. */
const LEAST_SPAN = 20;

/** Chart of the angle over the frames of a file, with median, quartiles and the current frame. */
export function AngleChart({ entry, onSelect }: { entry: Entry; onSelect(index: number): void }) {
  const { annotations, frameIndex, frameCount = 1 } = entry;
  const known = [...annotations].sort(([a], [b]) => a - b);
  const summary = loopSummary(
    known.map(([, annotation]) => ({ ...annotation.prediction, ...measurementsOf(annotation) })),
  );
  const overTime = summary?.aopInMillimetres ?? summary?.aop;
  const [low, high] = rangeOf(overTime);
  const steps = Math.max(1, frameCount - 1);
  const x = (index: number) => (index / steps) * WIDTH;
  const y = (angle: number) => HEIGHT * (1 - (angle - low) / (high - low));
  const select = (event: MouseEvent & { readonly currentTarget: Element }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onSelect(Math.round(((event.clientX - left) / width) * steps));
  };
  return (
    <figure class="angle-chart">
      <figcaption>
        <span>
          {overTime ? (
            <>
              Median <b>{degrees(overTime.median)}</b>, half of the frames {degrees(overTime.q1)} to{' '}
              {degrees(overTime.q3)}, all {degrees(overTime.min)} to {degrees(overTime.max)}
            </>
          ) : (
            'No angle yet'
          )}
        </span>
        <span>
          {[
            known.length < frameCount ? `${known.length} of ${frameCount} frames` : '',
            summary !== null && summary.lowConfidence > 0 ? `${summary.lowConfidence} in doubt` : '',
          ]
            .filter(Boolean)
            .join(', ')}
        </span>
      </figcaption>
      <div class="plot">
        <span class="high">{high.toFixed(0)}°</span>
        <span class="low">{low.toFixed(0)}°</span>
        {/* The slider below does the same by keyboard. */}
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" onClick={select}>
          {overTime && (
            <>
              <rect
                class="quartiles"
                width={WIDTH}
                y={y(overTime.q3)}
                height={Math.max(1, y(overTime.q1) - y(overTime.q3))}
              />
              <line class="median" x2={WIDTH} y1={y(overTime.median)} y2={y(overTime.median)} />
            </>
          )}
          <path class="course" d={courseOf(known, x, y)} />
          {known.map(([index, annotation]) => {
            const angle = angleOf(measurementsOf(annotation));
            if (angle === null || !isDoubted(annotation)) return null;
            return <path key={index} class="doubted" d={`M${x(index)} ${y(angle)}h0`} />;
          })}
          <line class="now" x1={x(frameIndex)} x2={x(frameIndex)} y2={HEIGHT} />
        </svg>
      </div>
    </figure>
  );
}

function isDoubted({ prediction, confirmed }: Annotation): boolean {
  return prediction.lowConfidence && !confirmed;
}

/** Range of all angles, rounded outwards to tens of degrees. */
function rangeOf(angles: { readonly min: number; readonly max: number } | null | undefined): [number, number] {
  if (!angles) return [60, 180];
  const middle = (angles.min + angles.max) / 2;
  const half = Math.max(LEAST_SPAN, angles.max - angles.min) / 2;
  return [Math.floor((middle - half) / 10) * 10, Math.ceil((middle + half) / 10) * 10];
}

/** Line from frame to frame, interrupted at frames without an angle. */
function courseOf(
  known: readonly (readonly [number, Annotation])[],
  x: (index: number) => number,
  y: (angle: number) => number,
): string {
  let path = '';
  let last = Number.NaN;
  for (const [index, annotation] of known) {
    const angle = angleOf(measurementsOf(annotation));
    if (angle === null) continue;
    // A point without neighbours is a dot.
    path += `${index === last + 1 ? 'L' : 'M'}${x(index)} ${y(angle)}${index === last + 1 ? '' : 'h0'}`;
    last = index;
  }
  return path;
}
