import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast, gradients, groupNorm, sum, type Tensor } from '../../src/index.js';
import { groupNormReference } from '../../src/kernels/group-norm/reference.js';
import { type Case, checkOperation, expectClose, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  readonly groups: number;
  readonly eps: number;
}

const device = await sharedDevice();
const eps = fc.constantFrom(1e-5, 0.5);

/** By PyTorch 1.13, of the channels brought to the second axis and back. */
const TORCH = [
  0.7027621, 3.188823, 0.9707897, -2.343671, -0.06388747, -1.411074, 1.321313, -1.642625, -1.597187, 0.8888747,
  0.2697439, 0.1099893,
];

/** x [...leading, groups · width], weight and bias. */
function caseOf(
  leading: readonly number[],
  groups: number,
  width: number,
  attributes: Omit<Attributes, 'groups'>,
): Case<Attributes> {
  const channels = [groups * width];
  return {
    inputs: [{ shape: [...leading, ...channels] }, { shape: channels }, { shape: channels }],
    attributes: { groups, ...attributes },
  };
}

const options = (groups: number, channels: number) => ({
  groups,
  weight: device.ones([channels]),
  bias: device.zeros([channels]),
});

describe('groupNorm', () => {
  test.each([
    [
      'small groups',
      fc
        .tuple(
          fc.integer({ min: 1, max: 3 }).chain((rank) => shapes(rank, 3)),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 2, max: 3 }),
          eps,
        )
        .map(([leading, groups, width, e]) => caseOf(leading, groups, width, { eps: e })),
      1,
    ],
    [
      // Rows of lanes with none left over, with some left over, and channels that take several passes.
      'groups shared by 64 lanes',
      fc.constantFrom(
        caseOf([2, 5, 3], 2, 4, { eps: 1e-5 }),
        caseOf([1, 25], 2, 3, { eps: 1e-5 }),
        caseOf([2], 1, 67, { eps: 0.5 }),
      ),
      0.5,
    ],
  ] as const)('%s: values, gradients and second derivatives', async (_, cases, effort) => {
    await checkOperation<Attributes>({
      cases,
      run: ([x, weight, bias], attributes) => groupNorm(x, { weight, bias, ...attributes }),
      reference: ([x, weight, bias], attributes) => ({
        shape: x.shape,
        values: groupNormReference([x.values, weight.values, bias.values], x.shape[0], attributes),
      }),
      roundings: () => 64,
      // A group of values that happen to be close to each other divides by a small deviation.
      gradientRoundings: () => 2 ** 12,
      secondRoundings: 2 ** 16,
      magnitude: 1,
      effort,
    });
  });

  test('agrees with torch.nn.functional.group_norm', async () => {
    const x = device.tensor([1, 2, 3, 5, 0, -1, 4, 4, -2, 0.5, 1, 1.5], [1, 3, 4]);
    const weight = device.tensor([1, 2, 0.5, -1], [4]);
    const bias = device.tensor([0, 0.25, 1, -1], [4]);
    const y = groupNorm(x, { groups: 2, weight, bias });
    expectClose(await y.data(), TORCH, 16);
  });

  test.skipIf(!device.traits.f16)('computes f16 in f32, and rounds once', async () => {
    const values = Float32Array.from({ length: 5 * 40 }, (_, i) => Math.fround(Math.sin(i)));
    const x = cast(device.tensor(values, [1, 5, 40]), 'f16');
    const y = groupNorm(x, options(2, 40));
    expect(y.dtype).toBe('f16');
    expect(gradients(sum(y), [x])[0].dtype).toBe('f16');
    const stored = await x.data();
    const plain = [stored, new Float64Array(40).fill(1), new Float64Array(40)];
    // Half of the last place of f16 below 2, in roundings of f32.
    expectClose(await y.data(), groupNormReference(plain, 1, { groups: 2, eps: 1e-5 }), 2 ** 14);
  });

  test('a NaN stays in its group', async () => {
    const x = device.tensor(Float32Array.from([1, Number.NaN, 2, 3, 4, 5, 6, 9]), [2, 4]);
    const nan = async (tensor: Tensor) => Array.from(await tensor.data(), Number.isNaN);
    const { weight, ...others } = options(2, 4);
    const y = groupNorm(x, { weight, ...others });
    const [byX, byWeight] = gradients(sum(y), [x, weight]);
    const group = [true, true, false, false, false, false, false, false];
    expect(await nan(y)).toEqual(group);
    expect(await nan(byX)).toEqual(group);
    expect(await nan(byWeight)).toEqual([true, true, false, false]);
  });

  test('refuses other shapes, groups that do not divide, and whole numbers', () => {
    const x = device.ones([2, 6]);
    expect(() => groupNorm(device.ones([4]), options(2, 4))).toThrow(
      'groupNorm: x needs a batch axis and a channel axis',
    );
    expect(() => groupNorm(x, options(4, 6))).toThrow('groupNorm: 4 groups do not divide the 6 channels');
    expect(() => groupNorm(x, options(2, 3))).toThrow('groupNorm: weight is 3, x has 6 channels');
    expect(() => groupNorm(x, { ...options(2, 6), group: 2 } as never)).toThrow('did you mean groups?');
    expect(() => groupNorm(device.tensor(new Uint32Array(4), [2, 2], 'u32'), options(1, 2))).toThrow('got u32 for x');
  });
});
