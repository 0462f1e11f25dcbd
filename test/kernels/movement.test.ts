import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import {
  broadcastReference,
  concatReference,
  padReference,
  sliceReference,
  transposeReference,
} from '../../src/kernels/movement/reference.js';
import { checkOperation, expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

describe('movement', () => {
  test('transpose', async () => {
    await checkOperation({
      cases: shape
        .chain((extents) =>
          fc.tuple(
            fc.constant(extents),
            fc.shuffledSubarray(
              extents.map((_, axis) => axis),
              { minLength: extents.length },
            ),
          ),
        )
        .map(([extents, axes]) => ({ inputs: [{ shape: extents }], attributes: { axes } })),
      run: ([x], options) => ops.transpose(x, options),
      reference: ([x], { axes }) => transposeReference(x, axes),
    });
  });

  test('reshape', async () => {
    await checkOperation({
      cases: shape.map((extents) => ({ inputs: [{ shape: extents }], attributes: [...extents].reverse() })),
      run: ([x], target) => ops.reshape(x, target),
      reference: ([x], target) => ({ shape: target, values: x.values }),
    });
  });

  test('slice', async () => {
    await checkOperation({
      cases: fc
        .array(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 3 })), {
          minLength: 1,
          maxLength: 4,
        })
        .map((axes) => ({
          inputs: [{ shape: axes.map(([before, kept, after]) => before + kept + after) }],
          attributes: { start: axes.map(([before]) => before), end: axes.map(([before, kept]) => before + kept) },
        })),
      run: ([x], bounds) => ops.slice(x, bounds),
      reference: ([x], { start, end }) => sliceReference(x, start, end),
    });
  });

  test('slice along one axis', async () => {
    await checkOperation({
      cases: fc
        .tuple(shape, fc.nat(), fc.tuple(fc.nat({ max: 4 }), fc.integer({ min: 1, max: 8 }), fc.nat({ max: 4 })))
        .map(([extents, pick, [before, kept, after]]) => {
          const axis = pick % extents.length;
          const along = (own: (axis: number) => number, cut: number) =>
            extents.map((_, d) => (d === axis ? cut : own(d)));
          return {
            inputs: [{ shape: along((d) => extents[d], before + kept + after) }],
            attributes: { start: along(() => 0, before), end: along((d) => extents[d], before + kept) },
          };
        }),
      run: ([x], bounds) => ops.slice(x, bounds),
      reference: ([x], { start, end }) => sliceReference(x, start, end),
      effort: 2,
    });
  });

  test('pad', async () => {
    await checkOperation({
      cases: fc
        .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat({ max: 2 }), fc.nat({ max: 2 })), {
          minLength: 1,
          maxLength: 4,
        })
        .map((axes) => ({
          inputs: [{ shape: axes.map(([extent]) => extent) }],
          attributes: axes.map(([, before, after]): [number, number] => [before, after]),
        })),
      run: ([x], padding) => ops.pad(x, padding, { value: -1.5 }),
      reference: ([x], padding) => padReference(x, padding, -1.5),
    });
  });

  test('broadcastTo', async () => {
    await checkOperation({
      cases: fc.tuple(shape, fc.infiniteStream(fc.boolean()), fc.nat({ max: 2 })).map(([extents, ones, drop]) => ({
        inputs: [
          {
            shape: extents.slice(Math.min(drop, extents.length - 1)).map((extent) => (ones.next().value ? 1 : extent)),
          },
        ],
        attributes: extents,
      })),
      run: ([x], target) => ops.broadcastTo(x, target),
      reference: ([x], target) => broadcastReference(x, target),
      roundings: () => 32,
    });
  });

  test('concat, along any axis, of two to four tensors', async () => {
    await checkOperation({
      cases: fc
        .tuple(shape, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 }), fc.nat())
        .map(([extents, along, pick]) => {
          const axis = pick % extents.length;
          const inputs = along.map((extent) => ({ shape: extents.map((own, d) => (d === axis ? extent : own)) }));
          return { inputs, attributes: axis };
        }),
      run: (inputs, axis) => ops.concat(inputs, { axis }),
      reference: (inputs, axis) => concatReference(inputs, axis),
      effort: 2,
    });
  });

  test.runIf(golden('cat_0') !== undefined)('concat: PyTorch cat_0', async () => {
    const { tensors } = golden('cat_0') ?? expect.unreachable();
    const device = await sharedDevice();
    const [a, b] = [tensors.in_a, tensors.in_b].map((tensor) => {
      const { shape: extents, values } = nchwToNhwc(tensor);
      return device.tensor(values, extents);
    });
    const joined = ops.concat([a, b]);
    const upstream = nchwToNhwc(tensors.cotangent);
    const [da, db] = ops.gradients(ops.sum(ops.mul(joined, device.tensor(upstream.values, upstream.shape))), [a, b]);
    expectClose(await joined.data(), nchwToNhwc(tensors.out).values, 0);
    expectClose(await da.data(), nchwToNhwc(tensors.grad_a).values, 0);
    expectClose(await db.data(), nchwToNhwc(tensors.grad_b).values, 0);
  });

  test('impossible requests are refused with the shapes', async () => {
    const device = await sharedDevice();
    const x = device.zeros([2, 3]);
    expect(() => ops.reshape(x, [4])).toThrow(/2×3 holds 6 values and cannot become \[4\]/);
    expect(() => ops.slice(x, { start: [0, 2], end: [2, 2] })).toThrow(/2:2 along axis 1/);
    expect(() => ops.concat([x, device.zeros([3, 3])])).toThrow(/input 1 is 3×3 and input 0 is 2×3/);
    expect(() => ops.transpose(x, { axes: [0] })).toThrow(/1 axes for a tensor of rank 2/);
    expect(() =>
      ops.pad(x, [
        [1, -1],
        [0, 0],
      ]),
    ).toThrow(/whole numbers of at least 0/);
    expect(() => ops.broadcastTo(x, [2, 4])).toThrow(/do not broadcast/);
  });

  test('reshape infers one extent', async () => {
    const device = await sharedDevice();
    expect(ops.reshape(device.zeros([4, 6]), [-1, 8]).shape).toEqual([3, 8]);
  });
});
