import { describe, expect, it } from 'vitest';
import { type Device, expectation2d, matmul, openDevice, softmax, type Tensor } from '../../src/index.js';
import { withTraits } from '../support/device.js';
import { normals, uniforms } from '../support/normals.js';
import { rewriteKernels } from '../support/rewrite-kernels.js';
import { exchangeRoles, SCHEDULES, type Schedule } from '../support/schedules/exchange-roles.js';

/** Every schedule, and the driver's own. */
const ALL: readonly (Schedule | undefined)[] = [undefined, ...SCHEDULES];

/** A kernel, what it computes and what that is. */
interface Case {
  readonly kernel: string;
  /** Which of its barriers is left out, from 0. */
  readonly barrier: number;
  readonly what: string;
  run(device: Device): { result: Tensor; expected: readonly number[] };
}

const CASES: readonly Case[] = [
  {
    kernel: 'softmax',
    barrier: 0,
    what: 'between the steps of the tree',
    run(device) {
      const draw = normals(1);
      const values = Float32Array.from({ length: 2 * 1024 }, draw);
      const exponentials = [...values].map(Math.exp);
      const expected = exponentials.map((value, i) => {
        const row = Math.floor(i / 1024);
        return value / exponentials.slice(1024 * row, 1024 * (row + 1)).reduce((a, b) => a + b);
      });
      return { result: softmax(device.tensor(values, [2, 1024]), { axes: [1] }), expected };
    },
  },
  {
    kernel: 'expectation2d',
    barrier: 0,
    what: 'between the steps of the tree',
    run(device) {
      const draw = uniforms(2);
      const values = Float32Array.from({ length: 32 * 32 }, () => draw() / 512);
      const at = (i: number) => (2 * i) / 31 - 1;
      const along = (cell: (i: number) => number) => [...values].reduce((sum, p, i) => sum + p * at(cell(i)), 0);
      const expected = [along((i) => i % 32), along((i) => Math.floor(i / 32))];
      const result = expectation2d(device.tensor(values, [1, 32, 32, 1]), { grid: 'linspace' });
      return { result, expected };
    },
  },
  {
    kernel: 'matmul',
    barrier: 1,
    what: 'before a tile is loaded over the one that others still read',
    run(device) {
      const draw = normals(3);
      const [a, b] = [0, 1].map(() => Float32Array.from({ length: 64 * 64 }, draw));
      const expected = Array.from({ length: 64 * 64 }, (_, cell) => {
        const [row, column] = [Math.floor(cell / 64), cell % 64];
        return [...Array(64).keys()].reduce((sum, k) => sum + a[64 * row + k] * b[64 * k + column], 0);
      });
      const result = matmul(device.tensor(a, [64, 64]), device.tensor(b, [64, 64]), { variant: 'tiled' });
      return { result, expected };
    },
  },
];

const BARRIER = 'workgroupBarrier();';

/** @returns How far the result is from what it should be, and whether a barrier was there to leave out. */
async function errorOf({ kernel, barrier, run }: Case, schedule: Schedule | undefined, planted: boolean) {
  const device = await openDevice({ tuning: 'none' });
  let struck = false;
  rewriteKernels(device.gpu, ({ label, code }) => {
    const parts = code.split(BARRIER);
    const own = planted && label === kernel && parts.length > barrier + 1;
    struck ||= own;
    const kept = own ? parts.slice(0, barrier + 1).join(BARRIER) + parts.slice(barrier + 1).join(BARRIER) : code;
    return schedule ? exchangeRoles(kept, schedule) : kept;
  });
  try {
    // A software driver is given kernels without barriers where there is a choice.
    withTraits(device, { software: false });
    const { result, expected } = run(device);
    const values = await result.data();
    const error = Math.max(...expected.map((value, i) => Math.abs(value - values[i])));
    return { error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error, struck };
  } finally {
    device.close();
  }
}

describe.each(CASES)('$kernel, barrier $barrier, $what', (planted) => {
  it.each(ALL)('computes rightly in schedule %s', async (schedule) => {
    expect((await errorOf(planted, schedule, false)).error).toBeLessThan(1e-4);
  });

  it('is caught without it by an exchange of roles', async () => {
    const outcomes = await Promise.all(SCHEDULES.map((schedule) => errorOf(planted, schedule, true)));
    expect(outcomes.map(({ struck }) => struck)).not.toContain(false);
    expect(Math.max(...outcomes.map(({ error }) => error))).toBeGreaterThan(1e-3);
  });
});

describe('exchangeRoles', () => {
  const kernel = (parameters: string, size = '8, 4', head = '') =>
    `${head}@compute @workgroup_size(${size})\nfn main(${parameters}) {\n  use();\n}`;

  it('asks for the builtins that it needs, once', () => {
    const source = exchangeRoles(kernel('@builtin(global_invocation_id) id: vec3<u32>'), 'last-first');
    expect(source).toContain('@builtin(global_invocation_id) given_id: vec3<u32>');
    expect(source.match(/@builtin\(workgroup_id\)/g)).toHaveLength(1);
    expect(source.match(/@builtin\(local_invocation_index\)/g)).toHaveLength(1);
    expect(source).toContain('(32u - 1u - schedule_local_invocation_index)');
  });

  it('keeps subgroups together where their operations are used', () => {
    const source = exchangeRoles(
      kernel('@builtin(local_invocation_index) i: u32', '64', 'enable subgroups;\n'),
      'halves-exchanged',
    );
    expect(source).toContain('* schedule_subgroup_size + given_i % schedule_subgroup_size');
  });

  it('leaves kernels of one invocation alone, and refuses what it cannot read', () => {
    const single = kernel('@builtin(global_invocation_id) id: vec3<u32>', '1');
    expect(exchangeRoles(single, 'last-first')).toBe(single);
    expect(() => exchangeRoles(kernel('', 'SIZE'), 'last-first')).toThrow('workgroup size is (SIZE)');
    expect(() => exchangeRoles('fn other() {}', 'last-first')).toThrow('no entry point main');
  });
});
