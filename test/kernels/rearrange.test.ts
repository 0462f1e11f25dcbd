import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import { type Case, checkOperation, type Reference, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const device = await sharedDevice();

/** A result whose element at `index` is x at the place that a function gives for it, or 0. */
function pick(x: Reference, shape: readonly number[], from: (index: number[]) => number[] | undefined): Reference {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: size }, (_, flat) => {
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    const place = from(index);
    return place ? x.values[place.reduce((at, own, axis) => at * x.shape[axis] + own, 0)] : 0;
  });
  return { shape, values };
}

const mirrored = (at: number, extent: number) => {
  const folded = Math.abs(at) % Math.max(1, 2 * extent - 2);
  return folded < extent ? folded : 2 * extent - 2 - folded;
};

interface Movement {
  /** Counts that a case draws, one for each axis, from 0 to 2. */
  readonly run: (x: ops.Tensor, counts: number[]) => ops.Tensor;
  readonly reference: (x: Reference, counts: number[]) => Reference;
}

const pairsOf = (counts: number[], [h, w]: readonly number[]): [number, number][] => [
  [Math.min(counts[0], h - 1), Math.min(counts[1], h - 1)],
  [Math.min(counts[1], w - 1), Math.min(counts[0], w - 1)],
];
const padded = (
  mode: 'reflect' | 'replicate' | 'circular',
  place: (at: number, extent: number) => number,
): Movement => ({
  run: (x, counts) => ops.pad(x, pairsOf(counts, x.shape), { mode }),
  reference: (x, counts) => {
    const pairs = pairsOf(counts, x.shape);
    return pick(
      x,
      x.shape.map((extent, axis) => extent + pairs[axis][0] + pairs[axis][1]),
      (index) => index.map((at, axis) => place(at - pairs[axis][0], x.shape[axis])),
    );
  },
});

const movements: Record<string, Movement> = {
  'slice with steps': {
    run: (x, [a, b]) => ops.slice(x, { start: [Math.min(a, x.shape[0] - 1)], step: [b + 1, a + 1] }),
    reference: (x, [a, b]) => {
      const start = Math.min(a, x.shape[0] - 1);
      const shape = [Math.ceil((x.shape[0] - start) / (b + 1)), Math.ceil(x.shape[1] / (a + 1))];
      return pick(x, shape, ([i, j]) => [start + i * (b + 1), j * (a + 1)]);
    },
  },
  flip: {
    run: (x, [a]) => ops.flip(x, a === 0 ? {} : { axes: [a - 1] }),
    reference: (x, [a]) =>
      pick(x, x.shape, (index) => index.map((at, axis) => (a === 0 || axis === a - 1 ? x.shape[axis] - 1 - at : at))),
  },
  roll: {
    run: (x, [a, b]) => ops.roll(x, 2 * a - b, { axis: 0 }),
    reference: (x, [a, b]) => pick(x, x.shape, ([i, j]) => [(i - 2 * a + b + 4 * x.shape[0]) % x.shape[0], j]),
  },
  tile: {
    run: (x, [a, b]) => ops.tile(x, [2, a + 1, b + 1]),
    reference: (x, [a, b]) =>
      pick(x, [2, x.shape[0] * (a + 1), x.shape[1] * (b + 1)], ([, i, j]) => [i % x.shape[0], j % x.shape[1]]),
  },
  'split and stack': {
    run: (x) => ops.stack(ops.split(x, 1, { axis: 0 }), { axis: -1 }),
    reference: (x) => pick(x, [1, x.shape[1], x.shape[0]], ([, j, i]) => [i, j]),
  },
  tril: {
    run: (x, [a, b]) => ops.tril(x, { diagonal: a - b }),
    reference: (x, [a, b]) => pick(x, x.shape, ([i, j]) => (j - i <= a - b ? [i, j] : undefined)),
  },
  triu: {
    run: (x, [a, b]) => ops.triu(x, { diagonal: a - b }),
    reference: (x, [a, b]) => pick(x, x.shape, ([i, j]) => (j - i >= a - b ? [i, j] : undefined)),
  },
  'pad by reflection': padded('reflect', mirrored),
  'pad by repetition': padded('replicate', (at, extent) => Math.min(Math.max(at, 0), extent - 1)),
  'pad from the other side': padded('circular', (at, extent) => (at + extent) % extent),
};

describe('movement', () => {
  test.each(Object.entries(movements))('%s', async (_, { run, reference }) => {
    await checkOperation({
      cases: fc
        .tuple(shapes(2, 6), fc.array(fc.nat({ max: 2 }), { minLength: 2, maxLength: 2 }))
        .map(([shape, counts]): Case<number[]> => ({ inputs: [{ shape }], attributes: counts })),
      run: ([x], counts) => run(x, counts),
      reference: ([x], counts) => reference(x, counts),
      roundings: () => 32,
      effort: 0.5,
    });
  });

  test('every type moves as it is', async () => {
    for (const [dtype, values] of [
      ['i32', [-1, 2, 2 ** 31 - 1, 4]],
      ['u32', [1, 2, 2 ** 32 - 1, 4]],
      ['bool', [1, 0, 0, 1]],
    ] as const) {
      const x = device.tensor(values, [2, 2], dtype);
      const turned = ops.flip(ops.transpose(ops.tile(x, [1, 1])), { axes: [0] });
      expect([turned.dtype, ...(await turned.data())]).toEqual([dtype, values[1], values[3], values[0], values[2]]);
      expect([...(await ops.where(ops.equal(x, x), x, 0).data())]).toEqual(values);
    }
  });

  test('axes come and go', () => {
    const x = device.zeros([2, 1, 3, 1]);
    expect(ops.squeeze(x).shape).toEqual([2, 3]);
    expect(ops.squeeze(x, { axes: [-1] }).shape).toEqual([2, 1, 3]);
    expect(ops.unsqueeze(x, -1).shape).toEqual([2, 1, 3, 1, 1]);
    expect(ops.unsqueeze(x, 0).shape).toEqual([1, 2, 1, 3, 1]);
    expect(ops.flatten(x).shape).toEqual([6]);
    expect(ops.flatten(x, { start: 1, end: 2 }).shape).toEqual([2, 3, 1]);
    expect(() => ops.squeeze(x, { axes: [0] })).toThrow('squeeze: axis 0 of 2×1×3×1 has extent 2, not 1.');
    expect(ops.split(device.zeros([5]), 2).map(({ shape }) => shape[0])).toEqual([2, 2, 1]);
    expect(() => ops.split(device.zeros([5]), [2, 2])).toThrow(
      'split: sizes [2, 2] are 4 together, and axis 0 of 5 has 5.',
    );
    expect(() => ops.pad(device.zeros([3]), [[3, 0]], { mode: 'reflect' })).toThrow(/at most 2 to show/);
  });
});

test('ranges and constants', async () => {
  const list = async (x: ops.Tensor) => [x.dtype, ...(await x.data())];
  expect(await list(ops.arange(device, 2, 9, 3))).toEqual(['i32', 2, 5, 8]);
  expect(await list(ops.arange(device, 3, 0, -1))).toEqual(['i32', 3, 2, 1]);
  expect(await list(ops.arange(device, 0, 1, 0.25))).toEqual(['f32', 0, 0.25, 0.5, 0.75]);
  const tenths = await ops.linspace(device, 0, 1, 11).data();
  expect([tenths[0], tenths[10]]).toEqual([0, 1]);
  for (const [i, value] of tenths.entries()) expect(Math.abs(value - i / 10)).toBeLessThanOrEqual(2 ** -24);
  expect(await list(ops.linspace(device, 3, 4, 1))).toEqual(['f32', 3]);
  expect(await list(ops.eye(device, 2, 3))).toEqual(['f32', 1, 0, 0, 0, 1, 0]);
  const x = device.tensor([5, 6], [2], 'i32');
  expect(await list(ops.zerosLike(x))).toEqual(['i32', 0, 0]);
  expect(await list(ops.onesLike(x))).toEqual(['i32', 1, 1]);
  expect(await list(ops.fullLike(x, -7))).toEqual(['i32', -7, -7]);
  expect(await list(device.full([2], 2 ** 32 - 1, 'u32'))).toEqual(['u32', 2 ** 32 - 1, 2 ** 32 - 1]);
  expect(await list(device.ones([2], 'bool'))).toEqual(['bool', 1, 1]);
  expect(() => ops.fullLike(x, 0.5)).toThrow(/fill: value 0 is 0.5; i32 holds whole numbers/);
  expect(() => ops.arange(device, 1, 1)).toThrow('arange: from 1 to 1 in steps of 1 there are no numbers');
});

describe('einsum', () => {
  const extents: Record<string, number> = { b: 2, i: 3, j: 4, k: 5, l: 2 };
  const equations = ['ik,kj->ij', 'bik,bkj->bij', 'ij->ji', 'ij->', 'ij->i', 'ii->i', 'ii', 'i,j->ij', 'bij,bij->b'];
  equations.push('ik,kj,jl->il', 'ik,jk', 'bii->bi', 'ij,j->i', 'ij,kl->ki');
  test.each(equations)('%s', async (equation) => {
    const [left, right] = equation.split('->');
    const terms = left.split(',');
    const letters = [...new Set(left.replaceAll(',', ''))].sort();
    const result = right ?? letters.filter((letter) => left.split(letter).length === 2).join('');
    const shapeOf = (term: string) => [...term].map((letter) => extents[letter]);
    const place = (term: string, at: Record<string, number>) =>
      [...term].reduce((flat, letter) => flat * extents[letter] + at[letter], 0);
    await checkOperation({
      cases: fc.constant<Case<null>>({ inputs: terms.map((term) => ({ shape: shapeOf(term) })), attributes: null }),
      run: (operands) => ops.einsum(equation, operands),
      reference: (operands) => {
        const shape = shapeOf(result);
        const values = new Float64Array(shape.reduce((a, b) => a * b, 1));
        const visit = (depth: number, at: Record<string, number>): void => {
          if (depth < letters.length) {
            const letter = letters[depth];
            for (let i = 0; i < extents[letter]; i++) visit(depth + 1, { ...at, [letter]: i });
            return;
          }
          values[place(result, at)] += terms.reduce((p, term, k) => p * operands[k].values[place(term, at)], 1);
        };
        visit(0, {});
        return { shape, values };
      },
      roundings: () => 64,
      effort: 0.05,
    });
  });

  test('says what does not fit', () => {
    const [a, b] = [device.zeros([2, 3]), device.zeros([4, 5])];
    expect(() => ops.einsum('ik,kj->ij', [a, b])).toThrow('einsum: "k" in "ik,kj->ij" is 3 and, in operand 1, 4.');
    expect(() => ops.einsum('ik->ij', [a])).toThrow('must have letters of the operands');
    expect(() => ops.einsum('ikl->i', [a])).toThrow('names 3 axes, and operand 0 has 2 (2×3)');
    expect(() => ops.einsum('ik', [a, b])).toThrow('does not describe 2 operands');
  });
});
