// What only a process of its own can show: how it ends, and what it does where there is no adapter.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../cli/command.js';

const folder = mkdtempSync(join(tmpdir(), 'sonde-process-'));

beforeAll(build);

afterAll(() => rmSync(folder, { recursive: true }));

/** Milliseconds after which a process is taken not to end by itself. */
const HANGS = 300_000;

interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a module that can use the built engine as `sonde`, and reports how it ended. */
async function run(body: string, environment: Record<string, string> = {}): Promise<Ending> {
  const script = join(folder, 'script.mjs');
  const engine = new URL('../../dist/index.js', import.meta.url);
  writeFileSync(script, `import * as sonde from ${JSON.stringify(engine.href)};\n${body}`);
  return await new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(
      process.execPath,
      ['--unhandled-rejections=strict', script],
      { env, timeout: HANGS },
      (error, stdout, stderr) => {
        const code = error ? ((error.code as unknown as number | undefined) ?? null) : 0;
        resolve({ code, output: stdout + stderr });
      },
    );
  });
}

const work = `
  const device = await sonde.openDevice();
  const f = sonde.compile((x) => sonde.add(x, 1));
  console.log('sum', await sonde.sum(await f(device.tensor([1, 2, 3]))).item());
`;

describe('a process', () => {
  test.each([
    ['after close()', `${work}device.close();`],
    ['after a close() that was forgotten', work],
    ['with reads and calls that nobody awaits', `${work}f(device.ones([100])); device.ones([5]).data();`],
  ])('ends by itself %s', async (_, body) => {
    const { code, output } = await run(body);
    expect(output).toContain('sum 9');
    expect(code).toBe(0);
  });

  test('without an adapter gets an error that says what to do', async () => {
    const { code, output } = await run(
      `await sonde.openDevice().then(() => console.log('opened'), (error) => {
        console.log(error instanceof sonde.DeviceError, error.message);
      });`,
      { VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json' },
    );
    expect(output).toMatch(/true openDevice: WebGPU found no adapter; run \.\/setup\.sh, .*VK_DRIVER_FILES/);
    expect(code).toBe(0);
  });

  // Threads of the driver are at work then. To exit among them crashed up to four processes in ten, depending on how
  // busy the machine was: hence the look at what keeps them from it.
  describe('that ends while the device is busy has the exit code that it asked for', () => {
    const model = `(x) => {
      for (let i = 0; i < 2; i++) x = sonde.conv2d(sonde.relu(sonde.mul(x, i + 1)), weight, { padding: 1 });
      return sonde.softmax(x, { axes: [3] });
    }`;
    const compiling = `sonde.compile(${model})(x);`;
    const working = `(${model})(x).data();`;
    test.each([
      ['compiles, by an uncaught error', compiling, `setTimeout(() => { throw new Error('uncaught'); });`, 1],
      ['compiles, by a rejection that nobody handles', compiling, `await Promise.reject(new Error('uncaught'));`, 1],
      ['compiles, by process.exit(3)', compiling, 'process.exit(3);', 3],
      ['works, by an uncaught error', working, `setTimeout(() => { throw new Error('uncaught'); }, 50);`, 1],
      ['works, by process.exit(3)', working, 'process.exit(3);', 3],
    ])('%s', async (_, start, end, expected) => {
      const { code, output } = await run(
        `const device = await sonde.openDevice({ tuning: 'none' });
        const destroy = device.gpu.destroy.bind(device.gpu);
        let destroyed = 'not destroyed';
        device.gpu.destroy = () => { destroy(); destroyed = 'destroyed'; };
        process.on('exit', () => console.log('exits', destroyed));
        const weight = device.randn([8, 3, 3, 8], 2);
        const x = device.randn([1, 16, 16, 8], 1);
        ${start}
        ${end}`,
        { MESA_SHADER_CACHE_DISABLE: 'true' },
      );
      expect(output).toContain('exits destroyed');
      expect(code).toBe(expected);
    });
  });
});
