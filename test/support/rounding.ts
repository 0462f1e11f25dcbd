import { expect } from 'vitest';
import type { DType } from '../../src/index.js';

/**
 * How far a kernel's sum of products may be from the exact one, from what it rounds on the way. With S = Σ |aₖ·bₖ| over
 * n products:
 *
 *  - an operand of f32 that is rounded to f16 is off by u₁₆ = 2⁻¹¹ of itself, a product of r such by (1 + u₁₆)ʳ − 1;
 *  - a product of two f16 is exact in f32, and adding up n of them, in any order, is off by at most γₙ·S, γₙ = n·u / (1
 *    − n·u) (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), with u = 2⁻²⁴; matrix units may cut
 *    off where they should round, which is u = 2⁻²³ (Fasi and others, Numerical behavior of NVIDIA tensor cores, 2021);
 *  - a result kept in f16 is off by u₁₆ of itself, or by 2⁻²⁵ where it is subnormal.
 *
 * These hold whatever the values. Sums of values drawn around 0 come much closer.
 */
export interface ProductRounding {
  /** Products in a sum, and the bias. */
  readonly terms: number;
  /** Operands of f32 that the kernel rounds to f16: 0, 1 or 2. */
  readonly roundedOperands?: number;
  readonly result: DType;
  readonly matrixUnits?: boolean;
}

const HALF = 2 ** -11;

/** Largest error of one result, from its exact value and S. */
export function productBound(
  value: number,
  magnitude: number,
  { terms, roundedOperands = 0, result, matrixUnits = false }: ProductRounding,
): number {
  const unit = matrixUnits ? 2 ** -23 : 2 ** -24;
  const summing = (terms * unit) / (1 - terms * unit);
  const operands = (1 + HALF) ** roundedOperands - 1;
  const sum = (operands + summing * (1 + operands)) * magnitude;
  return result === 'f16' ? sum + HALF * (Math.abs(value) + sum) + 2 ** -25 : sum;
}

/** A result of products, exact, and the same of absolute values. */
export interface ExactProducts {
  readonly values: ArrayLike<number>;
  readonly magnitudes: ArrayLike<number>;
}

/**
 * Checks every element against the exact result, and against what another kernel made of it, within the bounds of each.
 */
export function expectWithinRounding(
  what: string,
  exact: ExactProducts,
  kernel: { readonly values: ArrayLike<number>; readonly rounding: ProductRounding },
  other: { readonly values: ArrayLike<number>; readonly rounding: ProductRounding },
): void {
  expect(kernel.values.length, what).toBe(exact.values.length);
  for (let i = 0; i < exact.values.length; i++) {
    const [value, magnitude] = [exact.values[i], exact.magnitudes[i]];
    const bound = productBound(value, magnitude, kernel.rounding);
    const error = Math.abs(kernel.values[i] - value);
    if (!(error <= bound)) {
      expect.fail(
        `${what}[${i}] is ${kernel.values[i]}, exactly ${value}: off by ${error}, rounding explains ${bound}`,
      );
    }
    const both = bound + productBound(value, magnitude, other.rounding);
    const difference = Math.abs(kernel.values[i] - other.values[i]);
    if (!(difference <= both)) {
      expect.fail(`${what}[${i}] is ${kernel.values[i]}, in f32 ${other.values[i]}: rounding explains ${both}`);
    }
  }
}
