import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedPositions, exactSum, tolerance, verify } from '../../bench/verification.js';

const operands = (terms: number) =>
  fc.array(fc.tuple(fc.float({ min: -1, max: 1, noNaN: true }), fc.float({ min: -1, max: 1, noNaN: true })), {
    minLength: terms,
    maxLength: terms,
  });

const sumOf = (products: readonly (readonly [number, number])[]) =>
  exactSum((add) => {
    for (const [a, b] of products) add(a, b);
  });

describe('exactSum', () => {
  it('adds products and their absolute values', () => {
    expect(
      sumOf([
        [2, 3],
        [-4, 5],
      ]),
    ).toEqual({ value: -14, magnitude: 26 });
  });
});

describe('tolerance', () => {
  it('has room for float32 summation in either direction and in parts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }).chain(operands), (products) => {
        const exact = sumOf(products);
        const inSingle = (order: readonly (readonly [number, number])[]) =>
          order.reduce((sum, [a, b]) => Math.fround(sum + Math.fround(a * b)), 0);
        const half = Math.floor(products.length / 2);
        const sums = [
          inSingle(products),
          inSingle([...products].reverse()),
          Math.fround(inSingle(products.slice(0, half)) + inSingle(products.slice(half))),
        ];
        // The smallest float32 that is no denormal: below it, absolute and not relative errors count.
        for (const sum of sums) expect(Math.abs(sum - exact.value)).toBeLessThanOrEqual(tolerance(exact) + 2 ** -126);
      }),
    );
  });

  it('has none for a forgotten product', () => {
    // The longest sums of the suites: a weight gradient over 128 × 128 pixels.
    const products = Array.from({ length: 128 * 128 }, (_, i) => [Math.sin(i), Math.cos(3 * i)] as const);
    const whole = sumOf(products);
    const forgetful = sumOf(products.filter((_, i) => i !== 5000));
    expect(Math.abs(products[5000][0] * products[5000][1])).toBeGreaterThan(0.1);
    expect(Math.abs(forgetful.value - whole.value)).toBeGreaterThan(10 * tolerance(whole));
  });
});

describe('checkedPositions', () => {
  it('hold both ends and stay inside', () => {
    const positions = checkedPositions(1000, 1);
    expect(positions).toContain(0);
    expect(positions).toContain(999);
    expect(new Set(positions).size).toBeGreaterThan(10);
    for (const position of positions) expect(position >= 0 && position < 1000).toBe(true);
    expect(checkedPositions(1, 1)).toEqual(Array(16).fill(0));
  });
});

describe('verify', () => {
  const size = 500;
  const exact = (position: number) =>
    sumOf([
      [position, 0.5],
      [1, 0.25],
    ]);
  const right = () => Float32Array.from({ length: size }, (_, position) => exact(position).value);

  it('accepts the right values and says how well they fit', () => {
    expect(verify(right(), exact)).toEqual({
      valid: true,
      statement: '16 elements agree with float64, the worst at 0.0 % of the tolerance',
    });
  });

  it('finds a wrong element among the checked ones, with both values', () => {
    const values = right();
    values[size - 1] += 0.01;
    const check = verify(values, exact);
    expect(check.valid).toBe(false);
    expect(check.statement).toBe('element 499 is 249.7600, and 249.7500 in float64');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('finds %s wherever it is', (value) => {
    const values = right();
    const unchecked = values.findIndex((_, position) => !checkedPositions(size, 1).includes(position));
    values[unchecked] = value;
    expect(verify(values, exact)).toEqual({ valid: false, statement: `element ${unchecked} of 500 is ${value}` });
  });
});
