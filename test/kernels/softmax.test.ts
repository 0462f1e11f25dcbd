import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logSoftmax, softmax, sum } from '../../src/index.js';
import { logSoftmaxReference } from '../../src/kernels/softmax/reference.js';
import { type Case, checkOperation, expectClose, type Reference, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { testImageGolden } from './image-golden.js';

interface Attributes {
  readonly axes: number[] | undefined;
}

/** Any set of axes, side by side in memory or not, and the default. */
const anyAxes = fc
  .integer({ min: 1, max: 4 })
  .chain((rank) =>
    fc.tuple(shapes(rank, 5), fc.option(fc.subarray([...Array(rank).keys()], { minLength: 1 }), { nil: undefined })),
  )
  .map(([shape, axes]): Case<Attributes> => ({ inputs: [{ shape }], attributes: { axes } }));

/** Rows long enough to be shared by the lanes of a workgroup; 33 leaves most lanes without an element. */
const longRows = fc
  .constantFrom([3, 33], [2, 257], [1, 1030])
  .map((shape): Case<Attributes> => ({ inputs: [{ shape }], attributes: { axes: [1] } }));

/** For any axes: moves them to the end by plain indexing, and back. */
function referenceOver({ shape, values }: Reference, axes: readonly number[], log: boolean): Reference {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const rowOf = (at: number) =>
    shape.map((extent, axis) => (axes.includes(axis) ? 0 : Math.floor(at / strides[axis]) % extent)).join();
  const rows = new Map<string, number[]>();
  for (let at = 0; at < values.length; at++) {
    const row = rows.get(rowOf(at));
    if (row) row.push(at);
    else rows.set(rowOf(at), [at]);
  }
  const result = new Float64Array(values.length);
  for (const row of rows.values()) {
    const view = { outer: 1, reduce: row.length, inner: 1 };
    const y = logSoftmaxReference(
      row.map((at) => values[at]),
      view,
    );
    for (const [i, at] of row.entries()) result[at] = log ? y[i] : Math.exp(y[i]);
  }
  return { shape, values: result };
}

describe.each([
  ['softmax', softmax, false],
  ['logSoftmax', logSoftmax, true],
] as const)('%s', (name, run, log) => {
  test.each([
    ['any axes', anyAxes, 3, undefined],
    ['long rows', longRows, 0.5, undefined],
    ['long rows, joined in workgroup memory', longRows, 0.25, 'm1'],
  ] as const)('%s: values and gradients', async (_, cases, effort, persona) => {
    await checkOperation<Attributes>({
      cases,
      run: ([x], attributes) => run(x, attributes),
      reference: ([x], { axes = [x.shape.length - 1] }) => referenceOver(x, axes, log),
      // The drivers' exp and log are good to a few roundings of the exponent, which is up to 8 here.
      roundings: () => 128,
      magnitude: 0.1,
      ...(cases === anyAxes ? { secondRoundings: 512 } : {}),
      effort,
      persona,
    });
  });

  testImageGolden(`spatial_${log ? 'log_' : ''}softmax_0`, (x) => run(x, { axes: [1, 2] }), 64);

  test('is unmoved by large and by far apart logits', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1e4, 1e4 + 1, -3e38, -1e4], [4]);
    const e = Math.E;
    const expected = log
      ? [-Math.log(1 + e), 1 - Math.log(1 + e), -3e38, -20000 - Math.log(1 + e)]
      : [1 / (1 + e), e / (1 + e), 0, 0];
    const y = await run(x).data();
    for (let i = 0; i < 4; i++) expectClose([y[i]], [expected[i]], 64, `element ${i}`);
  });

  test('refuses an axis that is not there', async () => {
    const device = await sharedDevice();
    expect(() => run(device.ones([2, 3]), { axes: [2] })).toThrow(new RegExp(`${name}: axis 2 is not an axis`));
  });
});

test('softmax over all four of [[10, 1], [5, 2]] (published with dsntnn)', async () => {
  const device = await sharedDevice();
  const y = await softmax(device.tensor([10, 1, 5, 2], [1, 2, 2, 1]), { axes: [1, 2] }).data();
  expectClose(y, [0.9928546, 0.00012253, 0.0066898, 0.00033307], 128);
});

test('each of 24 heatmaps of 64×64 sums to one', async () => {
  const device = await sharedDevice();
  const totals = sum(softmax(device.randn([8, 64, 64, 3], 5), { axes: [1, 2] }), { axes: [1, 2] });
  expectClose(await totals.data(), new Float64Array(24).fill(1), 64);
});
