import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gradients, mul, openDevice, type Shape, square, sum } from 'sonde/engine';
import { cumulativeSum } from './cumulative-sum.js';

// Checked: every result is scanned for NaN, Inf and writes beyond its end.
const device = await openDevice({ checked: true });
after(() => device.close());

/** One row, and rows shorter than, as long as and longer than the kernel takes at a time. */
const shapes: Shape[] = [[1], [5], [2, 64], [3, 65], [2, 3, 150]];

/** The same in float64. */
function reference(x: ArrayLike<number>, length: number): Float64Array {
  const y = Float64Array.from(x);
  for (let i = 1; i < y.length; i++) if (i % length !== 0) y[i] += y[i - 1];
  return y;
}

function assertClose(actual: Float32Array, expected: Float64Array, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `element ${i} is ${actual[i]}, expected ${value}`);
  }
}

for (const shape of shapes) {
  const length = shape[shape.length - 1];

  test(`the sum of ${shape.join('×')} values is that of float64`, async () => {
    const x = device.randn(shape, 1);
    assertClose(await cumulativeSum(x).data(), reference(await x.data(), length), 1e-4);
  });

  test(`its gradient for ${shape.join('×')} values is the quotient of differences`, async () => {
    // L(x) = Σ w · y², with y the cumulative sum in the middle of the graph.
    const x = device.randn(shape, 2);
    const w = device.uniform(shape, 3, 0.5, 1.5);
    const [derivative] = gradients(sum(mul(w, square(cumulativeSum(mul(x, 0.5))))), [x]);
    const actual = await derivative.data();
    const values = Float64Array.from(await x.data());
    const weights = await w.data();
    const loss = () =>
      reference(
        values.map((value) => 0.5 * value),
        length,
      ).reduce((total, y, i) => total + weights[i] * y * y, 0);
    const h = 1e-4;
    const expected = values.map((value, i) => {
      values[i] = value + h;
      const above = loss();
      values[i] = value - h;
      const below = loss();
      values[i] = value;
      return (above - below) / (2 * h);
    });
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    assertClose(actual, expected, 1e-5 * largest);
  });
}

test('a scalar has no axis to sum along', () => {
  assert.throws(() => cumulativeSum(device.tensor([1], [])), /cumulativeSum: x is a scalar/);
});
