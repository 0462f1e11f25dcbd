import { beforeAll, describe, expect, it } from 'vitest';
import { smallUNet } from '../../bench/models/workloads.js';
import { assertSound, type Report } from '../../bench/report.js';
import { runBench } from '../../bench/run-bench.js';
import { BenchError } from '../../bench/statistics.js';
import { measureKernel, type Suite } from '../../bench/suite.js';
import { type Device, mul, ShapeError } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

let device: Device;
/** Bytes in use, without those kept for reuse. */
const held = () => device.memory().bytes - device.memory().freeBytes;
beforeAll(async () => {
  device = await sharedDevice();
});

/** Squares of 1 to 8, and what they are claimed to be. */
function squares(name: string, claimed: (value: number) => number): Suite {
  return {
    name,
    title: `squares, ${name}`,
    async *run(context) {
      using x = context.device.tensor([1, 2, 3, 4, 5, 6, 7, 8]);
      yield await measureKernel(context, {
        ...{ suite: name, name: 'eight', pass: 'forward', batch: 1, flops: 8, bytes: 64 },
        body: () => mul(x, x),
        exact: (position) => ({ value: claimed(position + 1), magnitude: (position + 1) ** 2 }),
      });
    },
  };
}
const right = squares('right', (value) => value ** 2);
const wrong = squares('wrong', (value) => value ** 2 + 1);
const broken: Suite = {
  name: 'broken',
  title: 'a suite that cannot go on',
  // biome-ignore lint/correctness/useYield: it never gets that far.
  async *run() {
    throw new ShapeError('it does not fit.');
  },
};

async function bench(suites: readonly Suite[], options = {}): Promise<{ report: Report; text: string }> {
  const printed: string[] = [];
  const report = await runBench(device, { quick: true, ...options }, { print: (text) => printed.push(text) }, suites);
  return { report, text: printed.join('\n') };
}

describe('a run', () => {
  it('of sound suites is sound', async () => {
    const { report, text } = await bench([right]);
    expect(() => assertSound(report)).not.toThrow();
    expect(report.rows.map(({ suite, check }) => [suite, check.valid])).toEqual([['right', true]]);
    expect(text).toContain('squares, right');
    expect(text).toContain('1 of 1 results are valid');
  });

  it('with a wrong result shows it, goes on, and is not sound', async () => {
    const { report, text } = await bench([wrong, right]);
    expect(report.rows.map(({ check }) => check.valid)).toEqual([false, true]);
    expect(report.rows[0].gflops).toBeUndefined();
    expect(text).toMatch(/eight .*not valid/);
    expect(text).toContain('1 of 2 results are valid');
    expect(() => assertSound(report)).toThrow(BenchError);
  });

  it('with a suite that stops early shows why, goes on, and is not sound', async () => {
    const { report, text } = await bench([broken, right]);
    expect(report.failures).toEqual([{ suite: 'broken', message: 'it does not fit.' }]);
    expect(report.rows).toHaveLength(1);
    expect(text).toContain('! it does not fit.');
    expect(() => assertSound(report)).toThrow(/1 suites stopped early/);
  });

  it('measures the suites asked for', async () => {
    const { report } = await bench([right, wrong], { only: ['wrong'] });
    expect(report.rows.map(({ suite }) => suite)).toEqual(['wrong']);
  });
});

describe('a quick run of the real suites', () => {
  let quick: Report;
  beforeAll(async () => {
    quick = await runBench(device, { quick: true }, { print: () => {} });
  });

  it('is sound, and times everything in finite milliseconds', () => {
    expect(() => assertSound(quick)).not.toThrow();
    expect(quick.rows.map(({ suite, pass }) => `${suite} ${pass}`)).toEqual([
      'matmul forward',
      'matmul forward',
      'step training step',
      'inference inference',
      'conv forward',
      'conv input gradient',
      'conv weight gradient',
      // Of the first layer, and of the second.
      'layers forward',
      'layers weight gradient',
      'layers forward',
      'layers input gradient',
      'layers weight gradient',
      'bandwidth add',
    ]);
    for (const { time } of quick.rows) {
      const { count, min, median, max } = time.milliseconds;
      expect(count).toBeGreaterThanOrEqual(3);
      expect(min).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(min);
      expect(max).toBeLessThan(60_000);
    }
  });

  it('reads one clock for all kernels', () => {
    const clocks = quick.rows.filter(({ program }) => !program).map(({ time }) => time.clock);
    expect(new Set(clocks).size).toBe(1);
  });

  it('rates against its own best product', () => {
    const products = quick.rows.filter(({ suite }) => suite === 'matmul').map(({ gflops }) => gflops ?? Number.NaN);
    const best = Math.max(...products);
    expect(quick.peakGflops).toBe(best);
    for (const { gflops = Number.NaN, shareOfPeak } of quick.rows) expect(shareOfPeak).toBeCloseTo(gflops / best, 12);
  });

  it('counts a model by its own arithmetic', () => {
    expect(quick.rows.flatMap(({ program, flops }) => (program ? flops : []))).toEqual([
      smallUNet.flops.step,
      smallUNet.flops.inference,
    ]);
  });

  it('plans no less memory than is alive at once', () => {
    const details = quick.rows.flatMap(({ program }) => program ?? []);
    expect(details).toHaveLength(2);
    for (const { plannedBytes, lowerBoundBytes, dispatches, pipelines, firstCallMilliseconds } of details) {
      expect(lowerBoundBytes).toBeGreaterThan(0);
      expect(plannedBytes).toBeGreaterThanOrEqual(lowerBoundBytes);
      expect(dispatches).toBeGreaterThan(pipelines);
      expect(firstCallMilliseconds).toBeGreaterThan(0);
    }
  });

  it('survives JSON whole, with adapter, environment and options', () => {
    const read = JSON.parse(JSON.stringify(quick)) as Report;
    expect(read).toEqual(JSON.parse(JSON.stringify({ ...quick })));
    expect(read.version).toBe(1);
    expect(read.adapter.description).toBe(device.info.description);
    expect(read.options).toEqual({ quick: true, only: null, batch: null, scale: 'quick', precision: 'f32' });
    expect(read.environment.node).toBe(process.version);
    expect(Number.isNaN(Date.parse(read.environment.date))).toBe(false);
    expect(read.rows[0].time.milliseconds).toEqual(quick.rows[0].time.milliseconds);
  });

  it('obeys the batch and leaves no memory behind', async () => {
    const before = held();
    const report = await runBench(device, { quick: true, batch: 2 }, { print: () => {} });
    const unbatched = ['matmul', 'bandwidth'];
    expect(report.rows.every(({ suite, batch }) => batch === (unbatched.includes(suite) ? 1 : 2))).toBe(true);
    // Less, where tensors that other tests dropped were collected meanwhile.
    expect(held()).toBeLessThanOrEqual(before);
  });
});
