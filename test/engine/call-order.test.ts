// A call means what it meant when it was made, whatever has to be compiled for it first.
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  add,
  assign,
  type Compiled,
  compile,
  type Device,
  gradients,
  matmul,
  mean,
  mul,
  openDevice,
  record,
  SGD,
  square,
  sub,
  sum,
  type Tensor,
} from '../../src/index.js';
import { checkedDevice, reportFull, sharedDevice } from '../support/device.js';
import { randomCases } from '../support/random-cases.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Lets every pipeline be ready only some turns of the event loop after it is asked for, as if it were compiled anew.
 */
function delayPipelines(device: Device, turns: () => number): void {
  const prepare = device.pipelines.prepare.bind(device.pipelines);
  vi.spyOn(device.pipelines, 'prepare').mockImplementation(async (dispatch) => {
    for (let left = turns(); left > 0; left--) await turnOfTheLoop();
    await prepare(dispatch);
  });
}

/** An operation whose kernel is no WGSL. */
function badKernel(x: Tensor): Tensor {
  return record(
    {
      name: 'bad',
      shape: ([spec]) => [spec],
      lower: (lowering, [input], [output]) =>
        lowering.dispatch({
          label: 'bad.kernel',
          source: '@compute @workgroup_size(1) fn main() { nonsense(); }',
          bindings: [input, output],
          writes: [1],
          workgroups: [1, 1, 1],
        }),
    },
    [x],
    null,
  )[0];
}

// Every tensor of a random interleaving holds one number everywhere, so that what it should hold is that number.
const STATES = 2;
const ARGUMENTS = 3;

const state = fc.nat(STATES - 1);
const argument = fc.nat(ARGUMENTS - 1);
const value = fc.integer({ min: -8, max: 8 });
const functions = ['accumulate', 'exchange', 'combine', 'scale', 'train'] as const;
const function_ = fc.constantFrom(...functions);

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('call'), function_, x: argument, number: value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('profile'), function_, x: argument, number: value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trace'), function_, x: argument, number: value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget'), function_ }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject'), x: argument }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write'), state, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write argument'), x: argument, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replace'), x: argument, value, filled: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('assign'), state, from: state, x: argument }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move'), state, x: argument }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read'), state }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compute'), state, x: argument }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle') }) },
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** Runs commands without awaiting any, beside a model of what awaiting each would give. */
class Interleaving {
  private readonly states: Tensor[];
  private readonly arguments: Tensor[];
  private readonly stateValues = [1, 2];
  private readonly argumentValues = [3, 4, 5];
  private readonly compiled: Record<(typeof functions)[number], Compiled<(Tensor | number)[], unknown>>;
  private readonly optimizers: SGD[] = [];
  private readonly pending: Promise<void>[] = [];

  constructor(
    private readonly device: Device,
    private readonly size: number,
  ) {
    this.states = this.stateValues.map((number) => this.full(number));
    const [a, b] = this.states;
    this.arguments = this.argumentValues.map((number) => this.full(number));
    const sgd = this.optimizer();
    this.compiled = {
      accumulate: compile((...[x]: Tensor[]) => {
        assign(a, add(a, x));
        return a;
      }),
      exchange: compile((...[x]: Tensor[]) => {
        assign(a, b);
        assign(b, x);
        return { a, b };
      }),
      combine: compile((...[x]: Tensor[]) => [sub(sub(a, b), x)]),
      scale: compile((...[x, number]: Tensor[]) => mul(x, number)),
      train: compile((...[x]: Tensor[]) => sgd.update([a, b], [x, x], 0.5)),
    };
  }

  private full(number: number): Tensor {
    return this.device.tensor(new Float32Array(this.size).fill(number));
  }

  private optimizer(): SGD {
    const optimizer = new SGD();
    this.optimizers.push(optimizer);
    return optimizer;
  }

  /** What a function returns for an argument, and does to the states. */
  private model(function_: (typeof functions)[number], x: number, number: number): number[] {
    const values = this.stateValues;
    const [a, b] = values;
    switch (function_) {
      case 'accumulate':
        values[0] = a + x;
        return [a + x];
      case 'exchange':
        values[0] = b;
        values[1] = x;
        return [b, x];
      case 'combine':
        return [a - b - x];
      case 'scale':
        return [x * number];
      case 'train':
        values[0] = a - 0.5 * x;
        values[1] = b - 0.5 * x;
        return [];
    }
  }

  private expectValues(reading: Promise<ArrayLike<number>>, expected: number): void {
    this.pending.push(
      reading.then((values) => expect(Array.from(values)).toEqual(new Array(this.size).fill(expected))),
    );
  }

  private async expectResults(call: Promise<unknown>, expected: readonly number[]): Promise<void> {
    const result = await call;
    const tensors = result === undefined ? [] : (Object.values({ ...(result as object) }) as Tensor[]);
    const own = 'dtype' in Object(result) ? [result as Tensor] : tensors;
    expect(own).toHaveLength(expected.length);
    for (const [i, tensor] of own.entries()) this.expectValues(tensor.data(), expected[i]);
    for (const tensor of own) tensor.dispose();
  }

  async run(command: Command): Promise<void> {
    const { device, states, arguments: args, stateValues, argumentValues, pending } = this;
    switch (command.kind) {
      case 'call':
      case 'profile':
      case 'trace': {
        const { function_, x, number, kind } = command;
        const given = function_ === 'scale' ? [args[x], number] : [args[x]];
        const compiled = this.compiled[function_];
        if (kind === 'call') {
          const expected = this.model(function_, argumentValues[x], number);
          pending.push(this.expectResults(compiled(...given), expected));
        } else if (kind === 'profile') {
          this.model(function_, argumentValues[x], number);
          pending.push(compiled.profile(...given).then(() => {}));
        } else {
          pending.push(compiled.trace(...given).then(() => {}));
        }
        break;
      }
      case 'forget':
        this.compiled[command.function_].dispose();
        break;
      case 'reject': {
        const broken = compile((x: Tensor) => assign(states[0], badKernel(x)));
        pending.push(expect(broken(args[command.x])).rejects.toThrow(/^bad\.kernel: the driver rejected/));
        break;
      }
      case 'write':
        states[command.state].write(new Float32Array(this.size).fill(command.value));
        stateValues[command.state] = command.value;
        break;
      case 'write argument': {
        const values = new Float32Array(this.size).fill(command.value);
        args[command.x].write(values);
        values.fill(99);
        argumentValues[command.x] = command.value;
        break;
      }
      case 'replace':
        args[command.x].dispose();
        args[command.x] = command.filled ? device.full([this.size], command.value) : this.full(command.value);
        argumentValues[command.x] = command.value;
        break;
      case 'assign':
        assign(states[command.state], sub(states[command.from], args[command.x]));
        stateValues[command.state] = stateValues[command.from] - argumentValues[command.x];
        break;
      case 'move':
        this.optimizer().update([states[command.state]], [args[command.x]], 0.5);
        stateValues[command.state] -= 0.5 * argumentValues[command.x];
        break;
      case 'read':
        this.expectValues(states[command.state].data(), stateValues[command.state]);
        break;
      case 'compute': {
        const computed = add(states[command.state], args[command.x]);
        this.expectValues(computed.data(), stateValues[command.state] + argumentValues[command.x]);
        computed.dispose();
        break;
      }
      case 'pause':
        await turnOfTheLoop();
        break;
      case 'settle':
        await this.settle();
    }
  }

  /** Waits for everything so far, and for what that has led to. */
  private async settle(): Promise<void> {
    while (this.pending.length > 0) await Promise.all(this.pending.splice(0));
  }

  async finish(): Promise<void> {
    for (const [i, tensor] of this.states.entries()) this.expectValues(tensor.data(), this.stateValues[i]);
    for (const [i, tensor] of this.arguments.entries()) this.expectValues(tensor.data(), this.argumentValues[i]);
    await this.settle();
    for (const tensor of [...this.states, ...this.arguments]) tensor.dispose();
    for (const compiled of Object.values(this.compiled)) compiled.dispose();
    for (const optimizer of this.optimizers) optimizer.dispose();
  }
}

/** Runs random interleavings on a device, which is left with as much memory in use as it had. */
async function checkInterleavings(device: Device, numRuns: number): Promise<void> {
  const used = () => device.memory().bytes - device.memory().freeBytes;
  // The slab of small tensors, which stays.
  device.tensor([0]).dispose();
  let left: number | undefined;
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 14 }),
      fc.constantFrom(1, 80),
      fc.infiniteStream(fc.nat(3)),
      async (commands, size, delays) => {
        delayPipelines(device, () => delays.next().value ?? 0);
        const before = used();
        try {
          const interleaving = new Interleaving(device, size);
          for (const own of commands) await interleaving.run(own);
          await interleaving.finish();
        } finally {
          vi.restoreAllMocks();
        }
        left = used() - before;
        // Less is left where something that another test has dropped was collected meanwhile.
        expect(left).toBeLessThanOrEqual(0);
      },
    ),
    { numRuns, seed: randomCases.seed },
  );
  expect(left).toBeDefined();
}

describe('random interleavings of calls, writes, moves, reads and disposals give what awaiting each would', () => {
  test('a thousand of them', async () => checkInterleavings(await sharedDevice(), 1000));

  test('in checked mode', async () => checkInterleavings(await checkedDevice(), 60));
});

/** A loop over one batch, as in training. @param compiled Whether the step has been called before. */
async function train(device: Device, compiled: boolean): Promise<number[]> {
  const [weight, x, y] = [0, 0, 0].map((number) => device.tensor([number], [1, 1]));
  const sgd = new SGD();
  const step = compile((images: Tensor, targets: Tensor) => {
    const loss = mean(square(sub(matmul(images, weight), targets)));
    sgd.update([weight], gradients(loss, [weight]), 0.1);
    return loss;
  });
  // A step on zeros changes nothing.
  if (compiled) (await step(x, y)).dispose();
  const losses: Promise<number>[] = [];
  for (let i = 1; i <= 3; i++) {
    x.write([i]);
    y.write([2 * i]);
    losses.push(step(x, y).then((loss) => loss.item()));
  }
  return [...(await Promise.all(losses)), await weight.item()];
}

describe('a first call', () => {
  test('in a training loop that is not awaited sees each its own batch', async () => {
    const device = await sharedDevice();
    delayPipelines(device, () => 3);
    const [losses, again] = [await train(device, false), await train(device, true)];
    expect(losses).toEqual(again);
    // Losses (2i − wi)² with w ← w − 0.2·i²·(w − 2).
    let weight = 0;
    for (let i = 1; i <= 3; i++) {
      expect(losses[i - 1]).toBeCloseTo((i * (weight - 2)) ** 2, 4);
      weight -= 0.2 * i * i * (weight - 2);
    }
    expect(losses[3]).toBeCloseTo(weight, 5);
  });

  test('takes effect before a function that is ready, if it was called before', async () => {
    const device = await sharedDevice();
    const [weight, one] = [device.tensor([1]), device.tensor([1])];
    const increase = compile((x: Tensor) => assign(weight, add(weight, x)));
    const read = compile((x: Tensor) => mul(weight, x));
    await read(one);
    delayPipelines(device, () => 3);
    const first = increase(one);
    const second = read(one);
    expect(await (await second).item()).toBe(2);
    await first;
  });

  test('takes arguments that are disposed, and captured tensors that are written, right behind it', async () => {
    const device = await sharedDevice();
    delayPipelines(device, () => 3);
    const captured = device.randn([300], 5);
    const x = device.randn([300], 6);
    const expected = [await captured.data(), await x.data()];
    const f = compile((y: Tensor) => [captured, y]);
    const call = f(x);
    x.dispose();
    captured.write(new Float32Array(300));
    // They take the memory that was given back.
    const others = [1, 2, 3].map((number) => device.full([300], number));
    const results = await call;
    expect(await Promise.all(results.map((tensor) => tensor.data()))).toEqual(expected);
    for (const [i, other] of others.entries()) expect((await other.data())[299]).toBe(i + 1);
    expect((await captured.data())[0]).toBe(0);
  });

  test('is no reason to copy what is written once nothing waits', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2]);
    const write = vi.spyOn(device.gpu.queue, 'writeBuffer');
    const values = Float32Array.of(3, 4);
    x.write(values);
    expect(write.mock.calls[0][2]).toBe(values);
    delayPipelines(device, () => 1);
    const call = compile((y: Tensor) => add(y, 1))(x);
    x.write(values);
    values.fill(0);
    expect([...(await (await call).data())]).toEqual([4, 5]);
    expect([...(await x.data())]).toEqual([3, 4]);
  });

  test('whose kernel is rejected fails by itself: what was told before and behind it goes on', async () => {
    const device = await sharedDevice();
    delayPipelines(device, () => 2);
    const state = device.tensor([1]);
    const broken = compile((x: Tensor) => assign(state, badKernel(x)));
    const increase = compile((x: Tensor) => assign(state, add(state, x)));
    const calls = [increase(state), broken(state), broken(state), increase(state), state.data()];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    for (const outcome of [outcomes[1], outcomes[2]]) {
      expect(outcome).toHaveProperty('reason.message', expect.stringMatching(/^bad\.kernel: the driver rejected/));
    }
    expect(outcomes[4]).toHaveProperty('value', Float32Array.of(4));
    expect(broken.statistics()).toEqual([]);
    expect(() => broken.memory()).toThrow(/has not been called yet/);
  });

  test('for whose program there is no room fails by itself, and takes no buffer from what waits behind it', async () => {
    const device = await sharedDevice();
    const x = device.ones([1000]);
    const given = device.full([1000], 7);
    const copy = compile((y: Tensor) => y);
    const f = compile((y: Tensor) => sum(mul(y, 3)));
    // So that the next question to the device is about room, not about kernels.
    (await f(x)).dispose();
    f.dispose();
    const pop = reportFull(device);
    const call = f(x);
    x.write(new Float32Array(1000).fill(2));
    const behind = x.data();
    delayPipelines(device, () => 5);
    const copied = copy(given);
    given.dispose();
    await expect(call).rejects.toThrow(/the device has no room for the program's \d+ bytes \(full\)/);
    pop.mockRestore();
    expect((await behind)[999]).toBe(2);
    expect((await (await copied).data())[999]).toBe(7);
    expect(await (await f(x)).item()).toBe(6000);
  });

  test('that waits when the device is closed says that it was closed', async () => {
    const device = await openDevice({ tuning: 'none' });
    delayPipelines(device, () => 3);
    const x = device.ones([4]);
    const f = compile((y: Tensor) => mul(y, 2));
    const calls = [f(x), f(x), x.data(), f.profile(x), device.finished()];
    device.close();
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toHaveProperty('reason.message', 'the device has been closed; open a new one.');
    }
  });
});

describe('a call of a function whose captured tensors have moved', () => {
  test('records anew at the call', async () => {
    const device = await sharedDevice();
    const weight = device.tensor([2, 2]);
    const x = device.tensor([1, 1]);
    const predict = compile((y: Tensor) => sum(mul(y, weight)));
    await predict(x);
    new SGD().update([weight], [device.tensor([1, 1])], 1);
    delayPipelines(device, () => 3);
    const call = predict(x);
    weight.write([5, 5]);
    x.dispose();
    expect(await (await call).item()).toBe(2);
  });

  test('updates them where they are now, although it knew only the arena', async () => {
    const device = await sharedDevice();
    const [a, b, one] = [device.tensor([1]), device.tensor([1]), device.tensor([1])];
    const sgd = new SGD();
    const step = compile((x: Tensor) => sgd.update([a, b], [x, x], 1));
    await step(one);
    // Takes b out of the arena.
    new SGD().update([b], [one], 1);
    await step(one);
    expect([await a.item(), await b.item()]).toEqual([-1, -2]);
  });

  test('cannot have two optimizers update one of them', async () => {
    const device = await sharedDevice();
    const [a, b] = [device.tensor([1]), device.tensor([1])];
    const [first, second] = [new SGD(), new SGD()];
    const step = compile((x: Tensor) => {
      first.update([a, b], [x, x], 1);
      second.update([b], [x], 1);
    });
    await expect(step(device.tensor([1]))).rejects.toThrow(/\(1 f32\) would be in two arenas in one compiled function/);
  });
});
