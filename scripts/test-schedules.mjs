// `node scripts/test-schedules.mjs [--lean] [ARGS…]`: the tests of engine and kernels with the roles of a workgroup's
// invocations exchanged (test/support/schedules/exchange-roles.ts), on lavapipe with subgroups of 4, 8 and 16
// invocations. Further arguments go to Vitest. Lean is what CI can afford: each schedule and each width once, on the
// kernels with barriers or subgroup operations.
import { spawnSync } from 'node:child_process';

const SCHEDULES = ['last-first', 'halves-exchanged'];
/** Bits of lavapipe's vectors, 32 for each invocation of a subgroup. */
const WIDTHS = [128, 256, 512];

const LEAN_RUNS = [
  { schedule: 'last-first', width: 128 },
  { schedule: 'halves-exchanged', width: 256 },
  { schedule: 'last-first', width: 512 },
];
const LEAN_TESTS = ['softmax', 'expectation2d', 'peak2d', 'batch-norm', 'grey-jitter', 'matmul'];

const [mode, ...rest] = process.argv.slice(2);
const lean = mode === '--lean';
const args = lean ? rest : process.argv.slice(2);
const tests = lean ? LEAN_TESTS.map((name) => `test/kernels/${name}.test.ts`) : ['test/engine', 'test/kernels'];
const runs = lean ? LEAN_RUNS : WIDTHS.flatMap((width) => SCHEDULES.map((schedule) => ({ schedule, width })));

for (const { schedule, width } of runs) {
  console.log(`\n${schedule}, subgroups of ${width / 32}`);
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.schedules.config.ts', ...tests, ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, SONDE_SCHEDULE: schedule, LP_NATIVE_VECTOR_WIDTH: String(width) },
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}
