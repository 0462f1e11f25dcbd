import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packRecorded } from '../../src/engine/arena.js';
import { accesses, locate, type PlannedBuffer } from '../../src/engine/commands.js';
import { placeBuffers } from '../../src/engine/placement.js';
import { type Plan, Planner } from '../../src/engine/plan.js';
import {
  add,
  compile,
  concat,
  type Device,
  gradients,
  mul,
  neg,
  relu,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../../src/index.js';
import { propertyParameters } from '../support/check-operation.js';
import { checkedDevice, sharedDevice } from '../support/device.js';
import { accumulateInPlace, sumAndDifference } from './operations.js';

/** A step of a random graph: which operation, on which of the tensors made so far (counted from the latest). */
interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly a: number;
  readonly b: number;
}

const KINDS = [
  'add',
  'mul',
  'sub',
  'neg',
  'relu',
  'reshape',
  'transpose',
  'halves',
  'concat',
  'reduce',
  'two',
  'update',
  'pack',
] as const;

interface RandomGraph {
  readonly rows: number;
  readonly columns: number;
  readonly steps: readonly Step[];
  readonly outputs: readonly number[];
}

const randomGraphs: fc.Arbitrary<RandomGraph> = fc.record({
  rows: fc.integer({ min: 1, max: 4 }).map((n) => 2 * n),
  columns: fc.constantFrom(1, 3, 8, 40),
  steps: fc.array(fc.record({ kind: fc.constantFrom(...KINDS), a: fc.nat(6), b: fc.nat(20) }), {
    minLength: 1,
    maxLength: 25,
  }),
  outputs: fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }),
});

/** Every tensor of the graph is [rows, columns]; each kind of step keeps that shape. */
function build({ rows, columns, steps, outputs }: RandomGraph, leaves: readonly Tensor[]): Tensor[] {
  const shape = [rows, columns];
  const made: Tensor[] = [...leaves];
  const pick = (back: number) => made[made.length - 1 - (back % made.length)];
  for (const { kind, a: backA, b: backB } of steps) {
    const [a, b] = [pick(backA), pick(backB)];
    if (kind === 'add') made.push(add(a, b));
    else if (kind === 'mul') made.push(mul(a, mul(b, 0.5)));
    else if (kind === 'sub') made.push(sub(a, b));
    else if (kind === 'neg') made.push(neg(a));
    else if (kind === 'relu') made.push(relu(a));
    else if (kind === 'reshape') made.push(reshape(neg(reshape(a, [columns, rows])), shape));
    else if (kind === 'transpose') made.push(transpose(reshape(a, [columns, rows])));
    else if (kind === 'halves') {
      const [top, bottom] = [slice(a, { end: [rows / 2, columns] }), slice(b, { start: [rows / 2, 0] })];
      made.push(concat([bottom, top], { axis: 0 }));
    } else if (kind === 'concat') {
      made.push(slice(concat([a, b], { axis: 1 }), { start: [0, columns] }));
    } else if (kind === 'two') made.push(sumAndDifference(a, b)[backB % 2]);
    else if (kind === 'update') made.push(accumulateInPlace(a, b));
    else if (kind === 'reduce') made.push(mul(a, sum(b)));
    else {
      // Three members with gaps between, one of them possibly twice: as gradients in front of an optimizer.
      const length = 64 * Math.ceil((rows * columns) / 64);
      const layout = { members: [0, 1, 2], offsets: [0, length, 2 * length], length: 3 * length };
      const flat = packRecorded([a, b, add(a, b)], layout);
      made.push(mul(a, sum(square(flat))));
    }
  }
  return outputs.map((back) => pick(back));
}

function leavesOn(device: Device, { rows, columns }: { rows: number; columns: number }): Tensor[] {
  const values = (seed: number) =>
    Float32Array.from({ length: rows * columns }, (_, i) => ((i * seed) % 7) / 8 - 0.375);
  return [device.tensor(values(3), [rows, columns]), device.tensor(values(5), [rows, columns])];
}

/** The plan of a graph without running it. */
function planOf(device: Device, outputs: readonly Tensor[]): Plan {
  return new Planner({ device, arguments: [], outputs, effects: new Map(), fuse: false }).build();
}

function place(device: Device, plan: Plan) {
  return placeBuffers(plan.buffers, plan.commands, device.limits.maxBufferSize, false, 0);
}

describe('a planned program', () => {
  test('gives the same bits as one in which nothing shares memory, for random graphs', async () => {
    const [plain, checked] = [await sharedDevice(), await checkedDevice()];
    await fc.assert(
      fc.asyncProperty(randomGraphs, async (graph) => {
        const results: number[][][] = [];
        for (const device of [plain, checked]) {
          const leaves = leavesOn(device, graph);
          const f = compile((a: Tensor, b: Tensor) => build(graph, [a, b]));
          const outputs = await f(leaves[0], leaves[1]);
          // A second call on the same memory, with what the first left there.
          const again = await f(leaves[0], leaves[1]);
          const values = await Promise.all(outputs.map((tensor) => tensor.data()));
          const valuesAgain = await Promise.all(again.map((tensor) => tensor.data()));
          expect(valuesAgain).toEqual(values);
          results.push(values.map((array) => [...new Int32Array(array.buffer)]));
          for (const tensor of [...leaves, ...outputs, ...again]) tensor.dispose();
          f.dispose();
        }
        expect(results[0]).toEqual(results[1]);
      }),
      propertyParameters(2),
    );
  });

  test('gives the same bits compiled as read one by one', async () => {
    const device = await sharedDevice();
    await fc.assert(
      fc.asyncProperty(randomGraphs, async (graph) => {
        const leaves = leavesOn(device, graph);
        const f = compile((a: Tensor, b: Tensor) => build(graph, [a, b]));
        const compiled = await f(leaves[0], leaves[1]);
        const eager = build(graph, leaves);
        for (const [i, tensor] of eager.entries()) {
          expect(await tensor.data()).toEqual(await compiled[i].data());
        }
        f.dispose();
      }),
      propertyParameters(),
    );
  });

  test('keeps what lives at the same time apart, and reads no buffer that it writes', async () => {
    const device = await sharedDevice();
    fc.assert(
      fc.property(randomGraphs, (graph) => {
        const plan = planOf(device, build(graph, leavesOn(device, graph)));
        const { banks, places, planned, lowerBound } = place(device, plan);
        for (const { members, bytes } of banks) {
          for (const [i, a] of members.entries()) {
            expect(a.offset % 256).toBe(0);
            expect(a.offset + a.buffer.bytes).toBeLessThanOrEqual(bytes);
            for (const b of members.slice(i + 1)) {
              const together = a.buffer.first <= b.buffer.last && b.buffer.first <= a.buffer.last;
              const apart = a.offset + a.buffer.bytes <= b.offset || b.offset + b.buffer.bytes <= a.offset;
              expect(!together || apart, `${a.buffer.label} and ${b.buffer.label}`).toBe(true);
            }
          }
        }
        const bufferOf = (buffer: PlannedBuffer) => {
          const located = locate(buffer).buffer;
          return located.storage?.allocation ?? places.get(located)?.bank ?? located;
        };
        for (const command of plan.commands) {
          const touched = accesses(command).map(({ value, writes }) => ({ buffer: bufferOf(value.buffer), writes }));
          const written = new Set(touched.filter(({ writes }) => writes).map(({ buffer }) => buffer));
          expect(touched.every(({ buffer, writes }) => writes || !written.has(buffer))).toBe(true);
        }
        expect(planned).toBeGreaterThanOrEqual(lowerBound);
      }),
      propertyParameters(8),
    );
  });

  test('gradients of which one is computed from another can lie in one arena', async () => {
    const device = await sharedDevice();
    const [weight, bias] = [device.tensor([1, 2, 3]), device.tensor([4])];
    const f = compile((x: Tensor) => {
      // The gradient by the bias is the sum of the gradient by the weight, which would be read from the same buffer.
      const [dw, db] = gradients(sum(mul(add(weight, bias), x)), [weight, bias]);
      const layout = { members: [0, 1], offsets: [0, 64], length: 128 };
      return { flat: packRecorded([dw, db], layout), dw, db };
    });
    const { flat, dw, db } = await f(device.tensor([5, 6, 7]));
    expect([...(await dw.data())]).toEqual([5, 6, 7]);
    expect([...(await db.data())]).toEqual([18]);
    const values = await flat.data();
    expect([...values.slice(0, 4), ...values.slice(63, 66)]).toEqual([5, 6, 7, 0, 0, 18, 0]);
  });

  test('needs hardly more than is alive at once for a network of the shape of a U', async () => {
    const device = await sharedDevice();
    const x = device.ones([1, 64, 64, 8]);
    const skips: Tensor[] = [];
    let hidden: Tensor = relu(mul(x, 2));
    let [extent, channels] = [64, 8];
    for (let level = 0; level < 4; level++) {
      skips.push(hidden);
      extent /= 2;
      channels *= 2;
      hidden = relu(slice(concat([hidden, hidden]), { end: [1, extent, extent, channels] }));
    }
    for (const skip of skips.reverse()) {
      hidden = relu(add(skip, sum(hidden)));
      hidden = square(concat([skip, hidden]));
      hidden = slice(hidden, { end: [...skip.shape] });
    }
    const plan = planOf(device, gradients(sum(hidden), [x]));
    const { planned, lowerBound } = place(device, plan);
    const total = plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
    expect(planned).toBeLessThan(1.1 * lowerBound);
    expect(planned).toBeLessThan(0.5 * total);
  });

  test('names what is alive at its peak, largest first', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => {
      const big = mul(x, 2);
      return sum(add(big, relu(big)));
    });
    await f(device.ones([1024]));
    const { peak, lowerBound } = f.memory();
    expect(peak.map(({ label }) => label)).toContain('mul');
    expect(peak.map(({ bytes }) => bytes)).toEqual(peak.map(({ bytes }) => bytes).sort((a, b) => b - a));
    expect(peak.reduce((total, { bytes }) => total + bytes, 0)).toBeLessThanOrEqual(lowerBound);
  });
});

describe('placement', () => {
  test('places 10,000 values, each by those that live beside it', async () => {
    const device = await sharedDevice();
    const leaves = leavesOn(device, { rows: 2, columns: 3 });
    let a: Tensor = leaves[0];
    const kept: Tensor[] = [];
    for (let i = 0; i < 5000; i++) {
      a = mul(a, 2);
      kept.push(a);
    }
    for (const tensor of kept.reverse()) a = add(a, tensor);
    const { planned, lowerBound } = place(device, planOf(device, [a]));
    expect(planned).toBeLessThan(1.1 * lowerBound);
  });
});
