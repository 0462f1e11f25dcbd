import type { FrameExtent } from '../../model/fit-frame.js';
import { fitTransform } from '../../model/fit-frame.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { pointOffFrame, pointOutOfSight } from '../dataset/load.js';
import type { Findings } from './findings.js';
import type { LabelRow } from './labels.js';

/** Where the public data's labels lie, px of a 512 frame (PAPER, Data). */
const RANGES: Readonly<Record<keyof Landmarks, { x: readonly [number, number]; y: readonly [number, number] }>> = {
  ps1: { x: [192, 368], y: [30, 115] },
  ps2: { x: [59, 259], y: [44, 158] },
  fh1: { x: [204, 425], y: [80, 332] },
};
/** Degrees. */
const AOP_RANGE = [53, 163] as const;

type LabelledRow = LabelRow & { readonly landmarks: Landmarks };

/** What can be told from the points alone: whether they make an angle, and the one that the file gives. */
export function checkAngle(row: LabelledRow, findings: Findings): void {
  const { landmarks, aop } = row;
  const angle = angleOfProgression(landmarks);
  if (angle === undefined) {
    findings.add('angle-undefined', row, 'PS1 coincides with PS2 or FH1, so there is no angle; correct the points.');
    return;
  }
  if (aop === undefined) return;
  const apart = Math.abs(angle - aop.degrees);
  const explained = roundingOfAngle(landmarks, row.rounding) + aop.rounding;
  if (apart <= explained) return;
  findings.add(
    'angle-differs',
    row,
    `the AoP given is ${Number(aop.degrees.toFixed(2))}° and the points make ${angle.toFixed(2)}°: ${apart.toFixed(2)}° apart, where rounding ` +
      `explains ${explained.toFixed(2)}°; check which of the two is correct. The points are what training uses.`,
  );
}

/**
 * The most that an angle changes when every coordinate is off by `rounding` px: both ends of a ray move by √2 times as
 * much, which turns a ray of length ℓ by at most asin(2√2·rounding/ℓ). Degrees.
 */
function roundingOfAngle({ ps1, ps2, fh1 }: Landmarks, rounding: number): number {
  const turns = [ps2, fh1].map((end) => {
    const length = Math.hypot(end.x - ps1.x, end.y - ps1.y);
    return Math.asin(Math.min(1, (2 * Math.SQRT2 * rounding) / length));
  });
  // Doubles are no exact decimals either.
  return ((turns[0] + turns[1]) * 180) / Math.PI + 1e-9;
}

/** What can be told once the frame's size is known. */
export function checkPosition(row: LabelledRow, frame: FrameExtent, findings: Findings): void {
  const off = LANDMARK_NAMES.map((name) => pointOffFrame(row.landmarks, name, frame, row.image));
  for (const problem of off) if (problem !== undefined) findings.add('landmark-off-frame', row, problem);
  if (off.some((problem) => problem !== undefined)) return;

  const size = 512;
  const transform = fitTransform(frame, size);
  const fitted = (name: keyof Landmarks) => transform.toNetwork(row.landmarks[name]);
  for (const name of LANDMARK_NAMES) {
    const problem = pointOutOfSight(row.landmarks, name, frame, { transform, size });
    if (problem !== undefined) findings.add('landmark-cropped', row, problem);
  }
  // Labels are rounded, as those of the public data are.
  checkRanges(row, fitted, Math.max(0.5, row.rounding * transform.scale), findings);
}

function checkRanges(
  row: LabelledRow,
  fitted: (name: keyof Landmarks) => { x: number; y: number },
  slack: number,
  findings: Findings,
): void {
  const unusual: string[] = [];
  for (const name of LANDMARK_NAMES) {
    for (const axis of ['x', 'y'] as const) {
      const value = fitted(name)[axis];
      const [low, high] = RANGES[name][axis];
      if (value >= low - slack && value <= high + slack) continue;
      unusual.push(`${name.toUpperCase()} ${axis} is ${value.toFixed(1)} px (${low} to ${high})`);
    }
  }
  const angle = angleOfProgression(row.landmarks);
  const [low, high] = AOP_RANGE;
  if (angle !== undefined && (angle < low - 0.5 || angle > high + 0.5)) {
    unusual.push(`the AoP is ${angle.toFixed(1)}° (${low}° to ${high}°)`);
  }
  if (unusual.length > 0) {
    const what = `on a 512 frame, ${unusual.join(', ')}`;
    findings.add(
      'label-range',
      row,
      `${what}: outside the range, in brackets, of the public data; check whether it is correct.`,
    );
  }
  if (fitted('ps1').x <= fitted('ps2').x) {
    const { ps1, ps2 } = row.landmarks;
    findings.add(
      'landmark-order',
      row,
      `PS1 (x ${ps1.x}) is not right of PS2 (x ${ps2.x}), as it is in all public frames; see whether the two are ` +
        'swapped or the frame is mirrored.',
    );
  }
}
