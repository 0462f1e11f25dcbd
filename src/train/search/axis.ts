import type { FloatDistribution, IntDistribution } from './distribution.js';

/**
 * The line on which a numeric parameter is drawn: the parameter itself or its logarithm. Where only some values are
 * allowed, each owns the cell of the line that reaches half a step to either side, and the line ends half a step beyond
 * the outermost. As Optuna transforms search spaces.
 */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** The point of a parameter's value. */
  toAxis(value: number): number;
  /** The parameter's value nearest to a point. */
  toValue(point: number): number;
  /** The part of the line that a value owns; undefined where every number is a value. */
  cell(value: number): [from: number, to: number] | undefined;
}

export function axisOf({ low, high, log, step }: FloatDistribution | IntDistribution): Axis {
  const toAxis = (value: number) => (log ? Math.log(value) : value);
  const clamp = (value: number) => Math.min(Math.max(value, low), high);
  if (step === null) {
    return {
      low: toAxis(low),
      high: toAxis(high),
      toAxis,
      toValue: (point) => clamp(log ? Math.exp(point) : point),
      cell: () => undefined,
    };
  }
  // Twelve digits: 0.1 + 2·0.1 is 0.3 to whoever reads it.
  const nearest = (value: number) => Number((low + Math.round((value - low) / step) * step).toPrecision(12));
  return {
    low: toAxis(low - step / 2),
    high: toAxis(high + step / 2),
    toAxis,
    toValue: (point) => clamp(nearest(log ? Math.exp(point) : point)),
    cell: (value) => [toAxis(value - step / 2), toAxis(value + step / 2)],
  };
}
