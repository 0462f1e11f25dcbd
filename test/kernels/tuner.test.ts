import { describe, expect, test } from 'vitest';
import {
  compile,
  type Device,
  mul,
  type Operation,
  openDevice,
  record,
  type TuningStore,
  tune,
} from '../../src/index.js';

/** A store in memory, to look into. */
class MemoryStore implements TuningStore {
  readonly files = new Map<string, string>();
  load = async (name: string) => this.files.get(name);
  save = async (name: string, text: string) => void this.files.set(name, text);
}

const kernel = (body: string) => `
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= 4096u) { return; }
  ${body}
}`;

const bodies: Record<string, string> = {
  // Many times the work, for the same result.
  slow: 'var s = 0.0; for (var i = 0u; i < 20000u; i++) { s = select(s, x[id.x], i % 2u == 1u); } y[id.x] = 2.0 * s;',
  fast: 'y[id.x] = 2.0 * x[id.x];',
  wrong: 'y[id.x] = 2.001 * x[id.x];',
  broken: 'y[id.x] = nothing;',
};

/** Doubles 4,096 values, by the kernels named. */
function doubling(names: readonly string[], sources = bodies): Operation<{ variant?: string }> {
  return {
    name: 'double',
    shape: ([x]) => [x],
    variants: () => names,
    lower(lowering, [x], [y], { variant }) {
      const chosen = variant ?? lowering.variant ?? names[0];
      lowering.dispatch({
        label: `double.${chosen}`,
        source: kernel(sources[chosen]),
        bindings: [x, y],
        writes: [1],
        workgroups: [64, 1, 1],
      });
    },
  };
}

async function withDevice(store: TuningStore | 'none', body: (device: Device) => Promise<void>): Promise<void> {
  const device = await openDevice({ tuning: store });
  try {
    await body(device);
  } finally {
    device.close();
  }
}

const operation = doubling(['slow', 'fast', 'wrong', 'broken']);

/** The kernel that a compiled call of `op` ran. */
async function kernelOf(device: Device, op: Operation<{ variant?: string }>): Promise<string | undefined> {
  const run = compile((v) => record(op, [v], {})[0]);
  const x = device.randn([4096], 1);
  const { dispatches } = await run.profile(x);
  run.dispose();
  return dispatches?.[0].label;
}

describe('tuner', () => {
  test('chooses the fastest, strikes off what is wrong or does not compile, and remembers', async () => {
    const store = new MemoryStore();
    await withDevice(store, async (device) => {
      expect(await kernelOf(device, operation)).toBe('double.slow');
      const run = compile((v) => mul(record(operation, [v], {})[0], 3));
      const x = device.randn([4096], 1);
      const report = await tune(run, [x]);
      expect(report).toMatchObject({ candidates: 1, measured: 1 });
      expect(report.struck).toHaveLength(2);
      expect(report.struck[0]).toMatch(/variant wrong was struck off: its result differs by [\d.e-]+ relative/);
      expect(report.struck[1]).toMatch(/variant broken was struck off: .*nothing/s);
      expect(await kernelOf(device, operation)).toBe('double.fast');
      expect(device.tuning.explain()).toMatch(/>fast [\d.]+ ms/);
      // The device goes on as before, with the same results.
      const result = await (await run(x)).data();
      const values = await x.data();
      expect(result[17]).toBeCloseTo(6 * values[17], 5);
      expect(await tune(run, [x])).toMatchObject({ candidates: 1, measured: 0 });
    });
    await withDevice(store, async (device) => {
      expect(device.tuning.notes).toEqual([]);
      expect(await kernelOf(device, operation)).toBe('double.fast');
    });
  });

  test('choices for kernels that have changed since are not used', async () => {
    const store = new MemoryStore();
    await withDevice(store, async (device) => {
      await tune(
        compile((v) => record(operation, [v], {})[0]),
        [device.randn([4096], 1)],
      );
    });
    await withDevice(store, async (device) => {
      const changed = doubling(['slow', 'fast', 'wrong', 'broken'], { ...bodies, fast: 'y[id.x] = x[id.x] * 2.0;' });
      expect(await kernelOf(device, changed)).toBe('double.slow');
      expect(device.tuning.notes).toEqual([
        expect.stringMatching(/double was ignored: its kernels have changed since/),
      ]);
    });
  });

  test.each([
    [
      'another adapter',
      (text: string) => text.replace(/"identity": "[^"]*"/, '"identity": "a toaster"'),
      /measured on a toaster/,
    ],
    ['another format', (text: string) => text.replace('"format": 1', '"format": 99'), /its format is 99/],
    ['damage', (text: string) => text.slice(0, -30), /it is damaged/],
  ])('a file of %s is ignored with a note', async (_, change, note) => {
    const store = new MemoryStore();
    await withDevice(store, async (device) => {
      await tune(
        compile((v) => record(operation, [v], {})[0]),
        [device.randn([4096], 1)],
      );
    });
    for (const [name, text] of store.files) store.files.set(name, change(text));
    await withDevice(store, async (device) => {
      expect(device.tuning.notes).toEqual([expect.stringMatching(note)]);
      expect(await kernelOf(device, operation)).toBe('double.slow');
    });
  });

  test('a default that does not compile is an error, not a choice', async () => {
    await withDevice('none', async (device) => {
      const run = compile((v) => record(doubling(['broken', 'fast']), [v], {})[0]);
      await expect(tune(run, [device.randn([4096], 1)])).rejects.toThrow(/broken: the driver rejected the kernel/);
    });
  });

  test('a device that is lost ends it with a sentence; what was measured before is kept, and nothing is struck off', async () => {
    const store = new MemoryStore();
    await withDevice(store, async (device) => {
      const plain = doubling(['fast', 'slow']);
      const other: typeof plain = {
        ...plain,
        name: 'double.other',
        lower(lowering, inputs, outputs, attributes) {
          // After its default has been measured.
          if (attributes.variant === 'slow') device.gpu.destroy();
          plain.lower(lowering, inputs, outputs, attributes);
        },
      };
      const run = compile((v) => [record(operation, [v], {})[0], record(other, [v], {})[0]]);
      const x = device.randn([4096], 1);
      await expect(tune(run, [x])).rejects.toThrow(/^the device was lost \(.*\); open a new one\.$/);
    });
    const [kept] = [...store.files.values()].map((text) => JSON.parse(text));
    expect(kept.entries).toHaveLength(1);
    expect(kept.entries[0]).toMatchObject({ chosen: 'fast' });
    expect(Object.keys(kept.entries[0].struck)).toEqual(['wrong', 'broken']);
  });

  test('operations on f16 are measured on f16', async (context) => {
    await withDevice('none', async (device) => {
      if (!device.traits.f16) return context.skip();
      // A kernel that rounds its f32 operand to f16, as matrix units do, is not told apart by values that f16 holds.
      const seen: string[] = [];
      const copy: Operation<{ variant?: string }> = {
        name: 'half.copy',
        operands: { half: ['f16'], single: ['f32'] },
        shape: ([half]) => [half],
        variants: () => ['plain', 'rounding'],
        lower(lowering, [half, single], [y], { variant }) {
          seen.push(`${half.dtype} ${single.dtype}`);
          const operand = variant === 'rounding' ? 'f32(f16(single[id.x]))' : 'single[id.x]';
          lowering.dispatch({
            label: 'copy',
            source: `enable f16;
@group(0) @binding(1) var<storage, read> half: array<f16>;
@group(0) @binding(2) var<storage, read> single: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f16>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < 256u) { y[id.x] = f16(1024.0 * (${operand} - quantizeToF16(${operand}))) + half[id.x]; }
}`,
            bindings: [half, single, y],
            writes: [2],
            workgroups: [4, 1, 1],
          });
        },
      };
      const run = compile((a, b) => record(copy, [a, b], {})[0], { device });
      const report = await tune(run, [device.tensor(new Float32Array(256), [256], 'f16'), device.zeros([256])]);
      expect(report).toMatchObject({ measured: 1, struck: [] });
      expect(new Set(seen)).toEqual(new Set(['f16 f32']));
    });
  });
});
