import type { Shape } from '../../../src/index.js';
import table from './pytorch.json' with { type: 'json' };

/** Options of a case, as its operation takes them. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the table holds is handed on.
export type Options = any;

/** One value of one operand, or of the gradient from above, replaced; and what PyTorch makes of it. */
export interface Poison {
  readonly operand: number | 'upstream';
  readonly index: number;
  readonly value: 'NaN' | 'Infinity' | '-Infinity';
  /** For every element of each result and gradient: finite (.), NaN (N), ∞ (+) or −∞ (-), run-length encoded. */
  readonly results: readonly string[];
  readonly gradients: readonly string[];
  /** Results and gradients of operations that choose among values; null where not finite. */
  readonly values?: readonly (readonly (number | null)[])[];
}

export interface TableCase {
  readonly name: string;
  readonly operation: string;
  readonly options: Options;
  readonly inputs: readonly { readonly shape: Shape; readonly values: readonly number[] }[];
  /** The gradient that comes from above. */
  readonly upstream: readonly number[];
  readonly resultShape: Shape;
  /** Inputs that have gradients, by position. */
  readonly differentiable: readonly number[];
  readonly poisons: readonly Poison[];
}

/** Written by tools/pytorch/non_finite.py. */
export const cases = table.cases as unknown as readonly TableCase[];

/** Which values are finite, in the table's notation. */
export function classesOf(values: ArrayLike<number>): string {
  const letters = Array.from(values, (value) => {
    if (Number.isNaN(value)) return 'N';
    return Number.isFinite(value) ? '.' : value > 0 ? '+' : '-';
  });
  return letters.join('').replace(/(.)\1*/g, (run, letter) => `${run.length}${letter}`);
}

/** Whether results and gradients are the table's, to half a unit of f16's last place, where it holds their values. */
export function hasValues({ values }: Poison, found: readonly ArrayLike<number>[]): boolean {
  return (values ?? []).every((expected, i) =>
    expected.every((value, k) => value === null || Math.abs(found[i][k] - value) <= 2 ** -11 * Math.abs(value)),
  );
}

/** The values of the case's inputs, then of the gradient from above if there is one, with the poison in its place. */
export function poisoned({ inputs, upstream }: TableCase, { operand, index, value }: Poison): number[][] {
  const drawn = [...inputs.map(({ values }) => [...values]), ...(upstream.length > 0 ? [[...upstream]] : [])];
  drawn[operand === 'upstream' ? inputs.length : operand][index] = Number(value);
  return drawn;
}
