import fc from 'fast-check';
import { expect } from 'vitest';
import type { PersonaName } from '../../src/engine/persona.js';
import { sizeOf } from '../../src/engine/shape.js';
import { add, type Device, gradients, mul, type Shape, square, sum, type Tensor } from '../../src/index.js';
import { checkedDevice, sharedDevice } from './device.js';
import { randomCases } from './random-cases.js';

/** A float64 array with a shape: what references compute with. */
export interface Reference {
  readonly shape: Shape;
  readonly values: Float64Array;
}

/** How the values of an input are drawn. All are exact in float32. */
export type Values =
  /** Uniform in [-2, 2]. */
  | 'any'
  /** Uniform in [0.25, 4]. */
  | 'positive'
  /** In [-2, 2], at least 0.05 away from 0: for functions with a kink there. */
  | 'nonzero'
  /** All different by at least 2⁻⁶: for functions with a kink where values are equal. */
  | 'distinct';

export interface Case<Attributes> {
  readonly inputs: readonly { readonly shape: Shape; readonly values?: Values }[];
  readonly attributes: Attributes;
}

export interface OperationCheck<Attributes> {
  /** Draws shapes and attributes. Draw odd sizes, size 1 and strides that do not divide on purpose. */
  readonly cases: fc.Arbitrary<Case<Attributes>>;
  readonly run: (inputs: readonly Tensor[], attributes: Attributes) => Tensor;
  /** The same mathematics in float64. */
  readonly reference: (inputs: readonly Reference[], attributes: Attributes) => Reference;
  /** Inputs by which gradients are checked, by position. Default: all. */
  readonly differentiable?: readonly number[];
  /**
   * Allowed error of the value and of gradients, as a multiple of float32's rounding (2⁻²⁴) times the largest magnitude
   * involved: of a result or, where its terms cancel, of their absolute sum. Give about 2·√n for a reduction of length
   * n, more where the driver's exp or log is coarse. Default 8.
   */
  readonly roundings?: (example: Case<Attributes>) => number;
  /** The same for gradients, where it differs. */
  readonly gradientRoundings?: (example: Case<Attributes>) => number;
  /**
   * A magnitude of intermediate results to which rounding is relative even where the results are smaller, for functions
   * that cancel: 1 for tanh, whose gradient 1 − y² loses digits as y nears 1. Default 0.
   */
  readonly magnitude?: number;
  /**
   * Allowed error of second derivatives, as a multiple of float32's rounding of the largest; without it they are not
   * checked.
   */
  readonly secondRoundings?: number;
  /** Times the standard number of random cases, for operations with many paths. Default 1. */
  readonly effort?: number;
  /** Whose kernels are tested: those for this GPU instead of the machine's own. */
  readonly persona?: PersonaName;
}

/** Random cases per operation: a fixed few in `npm test`, SONDE_TEST_CASES in the long mode. */
export const CASES = randomCases.count;
const EPSILON = 2 ** -24;

/** fast-check settings: a fixed seed in `npm test`, a fresh one in the long mode (it is printed when a case fails). */
export function propertyParameters(effort = 1): fc.Parameters<unknown> {
  const { count, seed } = randomCases;
  return { numRuns: Math.ceil(count * effort), ...(seed === undefined ? {} : { seed }) };
}

/**
 * The one way in which operations are tested. For random shapes and values: the shape and value against the float64
 * reference; each gradient, with the operation in mid-graph and a random upstream gradient, against central
 * differences of the reference; the same bits on a second run, which happens in checked mode and so also finds writes
 * outside a result; and, where `secondRoundings` is given, the second derivatives.
 */
export async function checkOperation<Attributes>(check: OperationCheck<Attributes>): Promise<void> {
  const plain = await sharedDevice(check.persona);
  const checked = await checkedDevice(check.persona);
  await fc.assert(
    fc.asyncProperty(check.cases, fc.nat(), async (example, seed) => {
      const drawn = draw(example, check, seed);
      const computed = await compute(plain, example, check, drawn);
      compare(example, check, drawn, computed);
      const again = await compute(checked, example, check, drawn);
      expect(again.value, 'value on the second run, in checked mode').toEqual(computed.value);
      expect(again.gradients, 'gradients on the second run, in checked mode').toEqual(computed.gradients);
      if (check.secondRoundings !== undefined) await checkSecondDerivatives(checked, example, check, drawn, seed);
    }),
    propertyParameters(check.effort),
  );
}

interface Drawn {
  readonly inputs: Reference[];
  /** Inputs reach the operation multiplied by these, so that it stands in mid-graph. Powers of two: exact. */
  readonly scales: number[];
  readonly expected: Reference;
  readonly upstream: Float64Array;
}

function draw<A>(example: Case<A>, check: OperationCheck<A>, seed: number): Drawn {
  const random = generator(seed);
  const inputs = example.inputs.map(({ shape, values = 'any' }) => ({
    shape,
    values: drawValues(values, sizeOf(shape), random),
  }));
  const scales = inputs.map(() => (random() < 0.5 ? 0.5 : 2));
  const expected = check.reference(scaled(inputs, scales), example.attributes);
  const upstream = Float64Array.from(expected.values, () => Math.fround(random() * 2 - 1));
  return { inputs, scales, expected, upstream };
}

function scaled(inputs: readonly Reference[], scales: readonly number[]): Reference[] {
  return inputs.map(({ shape, values }, i) => ({ shape, values: values.map((value) => value * scales[i]) }));
}

interface Computed {
  readonly shape: Shape;
  readonly value: Float32Array;
  readonly gradients: Float32Array[];
}

async function compute<A>(device: Device, example: Case<A>, check: OperationCheck<A>, drawn: Drawn): Promise<Computed> {
  const leaves = drawn.inputs.map(({ shape, values }) => device.tensor(Float32Array.from(values), shape));
  const result = check.run(
    leaves.map((leaf, i) => mul(leaf, drawn.scales[i])),
    example.attributes,
  );
  const wanted = (check.differentiable ?? leaves.map((_, i) => i)).map((i) => leaves[i]);
  const upstream = device.tensor(Float32Array.from(drawn.upstream), drawn.expected.shape);
  expect(result.shape).toEqual(drawn.expected.shape);
  const derivatives = wanted.length > 0 ? gradients(sum(mul(result, upstream)), wanted) : [];
  const value = await result.data();
  const values: Float32Array[] = [];
  for (const derivative of derivatives) values.push(await derivative.data());
  for (const tensor of [...leaves, upstream, result, ...derivatives]) tensor.dispose();
  return { shape: result.shape, value, gradients: values };
}

function compare<A>(example: Case<A>, check: OperationCheck<A>, drawn: Drawn, computed: Computed): void {
  const roundings = check.roundings?.(example) ?? 8;
  const gradientRoundings = check.gradientRoundings?.(example) ?? roundings;
  const indices = check.differentiable ?? drawn.inputs.map((_, i) => i);
  const { gradients: expected, terms } = differentiate(example, check, drawn, indices);
  const { magnitude = 0 } = check;
  expectClose(computed.value, drawn.expected.values, roundings, 'value', Math.max(magnitude, terms));
  for (const [k, { values, terms: own }] of expected.entries()) {
    const what = `gradient by input ${indices[k]}`;
    expectClose(computed.gradients[k], values, gradientRoundings, what, Math.max(magnitude, own));
  }
}

/**
 * Of the loss F = Σ upstream·f(x)², in which the upstream gradient of f depends on x as well: the gradient of F's
 * derivative along random directions, against second differences of the reference.
 */
async function checkSecondDerivatives<A>(
  device: Device,
  example: Case<A>,
  check: OperationCheck<A>,
  { inputs, expected, upstream }: Drawn,
  seed: number,
): Promise<void> {
  const indices = check.differentiable ?? inputs.map((_, i) => i);
  const random = generator(seed + 1);
  const directions = indices.map((i) => inputs[i].values.map(() => Math.fround(random() * 2 - 1)));

  const leaves = inputs.map(({ shape, values }) => device.tensor(values, shape));
  const wanted = indices.map((i) => leaves[i]);
  const result = check.run(leaves, example.attributes);
  const loss = sum(mul(square(result), device.tensor(upstream, expected.shape)));
  const along = gradients(loss, wanted).map((gradient, k) =>
    mul(gradient, device.tensor(directions[k], gradient.shape)),
  );
  const seconds = gradients(along.map((product) => sum(product)).reduce(add), wanted);
  const computed: Float32Array[] = [];
  for (const second of seconds) computed.push(await second.data());
  for (const tensor of [...leaves, ...seconds]) tensor.dispose();

  const step = 2 ** -12;
  const lossAt = (offsets: readonly { index: number; values: Float64Array; by: number }[]) => {
    const moved = inputs.map(({ shape, values }) => ({ shape, values: values.slice() }));
    for (const { index, values, by } of offsets)
      for (const [i, v] of values.entries()) moved[index].values[i] += by * v;
    return check.reference(moved, example.attributes).values.reduce((total, y, i) => total + upstream[i] * y * y, 0);
  };
  const alongDirections = (by: number) => indices.map((index, k) => ({ index, values: directions[k], by }));
  // Each takes four evaluations of the reference: of large inputs a few elements, spread over them.
  const chosen = indices.map((index) => {
    const { length } = inputs[index].values;
    return [...new Set(Array.from({ length: 48 }, (_, i) => Math.floor(((i + random()) * length) / 48)))];
  });
  const references = indices.map((index, k) =>
    chosen[k].map((i) => {
      const unit = new Float64Array(inputs[index].values.length);
      unit[i] = 1;
      const slope = (by: number) => {
        const own = { index, values: unit, by };
        return lossAt([...alongDirections(step), own]) - lossAt([...alongDirections(-step), own]);
      };
      return (slope(step) - slope(-step)) / (4 * step * step);
    }),
  );
  const largest = references.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (const [k, values] of references.entries()) {
    const what = `second derivative by input ${indices[k]}`;
    const own = chosen[k].map((i) => computed[k][i]);
    expectClose(own, values, check.secondRoundings ?? 0, what, largest);
  }
}

/** Compares to `roundings` units of float32 rounding of the largest expected magnitude, or of `magnitude` if larger. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  roundings: number,
  what = 'value',
  magnitude = 0,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let largest = magnitude;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  const allowed = roundings * EPSILON * Math.max(largest, 2 ** -20) + 1e-9 * largest;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= allowed)) {
      expect.fail(
        `${what}[${i}] is ${actual[i]}, expected ${expected[i]}: off by ${(error / EPSILON / Math.max(largest, 2 ** -20)).toFixed(1)} ` +
          `roundings, allowed ${roundings}`,
      );
    }
  }
}

interface Derivatives {
  /** Per differentiable input: its gradient, and the largest sum of absolute terms among its elements. */
  readonly gradients: readonly { readonly values: Float64Array; readonly terms: number }[];
  /**
   * Largest sum, over the inputs' elements, of |∂result/∂x · x|: what a result's terms amount to before they cancel.
   */
  readonly terms: number;
}

/**
 * Central differences of the reference, with the absolute sums beside the sums: rounding is relative to the terms, and
 * a sum of many terms can be near zero.
 */
function differentiate<A>(
  example: Case<A>,
  check: OperationCheck<A>,
  drawn: Drawn,
  indices: readonly number[],
): Derivatives {
  const step = 2 ** -16;
  const inputs = scaled(drawn.inputs, drawn.scales);
  const { upstream } = drawn;
  const resultTerms = new Float64Array(upstream.length);
  const gradients = indices.map((index) => {
    const { values } = inputs[index];
    let terms = 0;
    const gradient = Float64Array.from(values, (value, i) => {
      values[i] = value + step;
      // Copies: a reference that only moves values may hand its input on.
      const above = check.reference(inputs, example.attributes).values.slice();
      values[i] = value - step;
      const below = check.reference(inputs, example.attributes).values.slice();
      values[i] = value;
      let sum = 0;
      let absolute = 0;
      for (let j = 0; j < upstream.length; j++) {
        const slope = (above[j] - below[j]) / (2 * step);
        resultTerms[j] += Math.abs(slope * value);
        sum += slope * upstream[j];
        absolute += Math.abs(slope * upstream[j]);
      }
      terms = Math.max(terms, absolute * drawn.scales[index]);
      return sum * drawn.scales[index];
    });
    return { values: gradient, terms };
  });
  return { gradients, terms: resultTerms.reduce((most, terms) => Math.max(most, terms), 0) };
}

function drawValues(kind: Values, count: number, random: () => number): Float64Array {
  if (kind === 'distinct') {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return Float64Array.from(order, (rank) => (rank - count / 2) / 64);
  }
  return Float64Array.from({ length: count }, () => {
    const uniform = random();
    if (kind === 'positive') return Math.fround(0.25 + 3.75 * uniform);
    const value = 4 * uniform - 2;
    if (kind === 'nonzero' && Math.abs(value) < 0.05) return value < 0 ? -0.05 : 0.0625;
    return Math.fround(value);
  });
}

/** Park and Miller's minimal standard generator: enough for test values, and the same everywhere. */
function generator(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  for (let i = 0; i < 4; i++) state = (state * 48271) % 2147483647;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Shapes of the given rank with extents from 1 to `most`, odd ones and 1 included. */
export function shapes(rank: number, most = 6): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: most }), { minLength: rank, maxLength: rank });
}
