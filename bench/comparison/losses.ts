import type { Verdict } from '../peers/contest.js';

/** From the same weights: roundings of a forward pass, and then of a few steps of Adam, which amplifies them. */
const FIRST_TOLERANCE = 1e-5;
const LATER_TOLERANCE = 1e-3;
const LATER_STEPS = 3;

/** Two engines that train the same network from the same weights on the same batch must see the same losses. */
export function checkLosses(ours: ArrayLike<number>, theirs: ArrayLike<number>): Verdict {
  const steps = Math.min(ours.length, theirs.length, LATER_STEPS);
  if (steps < 2) return { valid: false, statement: `${steps} steps in common are too few to compare` };
  let worst = 0;
  for (let step = 0; step < steps; step++) {
    const difference = Math.abs(theirs[step] - ours[step]) / Math.abs(ours[step]);
    // Not a comparison that NaN passes.
    if (!(difference <= (step === 0 ? FIRST_TOLERANCE : LATER_TOLERANCE))) {
      return { valid: false, statement: `the loss of step ${step + 1} is ${theirs[step]}, and ${ours[step]} in sonde` };
    }
    worst = Math.max(worst, difference);
  }
  return { valid: true, statement: `the first ${steps} losses agree with sonde's to ${worst.toExponential(1)}` };
}
