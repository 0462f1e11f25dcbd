// What only a process of its own can show: how it ends, and what it does where there is no adapter.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sonde-process-'));

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: root });
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a module that can use the built engine as `sonde`, and reports how it ended. */
async function run(body: string, environment: Record<string, string> = {}): Promise<Ending> {
  const script = join(folder, 'script.mjs');
  const engine = new URL('../../dist/index.js', import.meta.url);
  writeFileSync(script, `import * as sonde from ${JSON.stringify(engine.href)};\n${body}`);
  const begin = performance.now();
  return await new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(
      process.execPath,
      ['--unhandled-rejections=strict', script],
      { env, timeout: 30_000 },
      (error, stdout, stderr) => {
        const code = error ? ((error.code as unknown as number | undefined) ?? null) : 0;
        resolve({ code, output: stdout + stderr, seconds: (performance.now() - begin) / 1000 });
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
    const { code, output, seconds } = await run(body);
    expect(output).toContain('sum 9');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(15);
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

  // Threads of the driver are at work then: exiting among them crashed two or three processes in ten.
  describe('that ends while the device is busy has the exit code that it asked for', () => {
    const busy = {
      'pipelines being compiled': `
        const x = device.randn([1, 16, 16, 8], 1);
        const model = (x) => {
          for (let i = 0; i < 2; i++) x = sonde.conv2d(sonde.relu(sonde.mul(x, variation + i)), weight, { padding: 1 });
          return sonde.softmax(sonde.exp(x), { axes: [3] });
        };
        sonde.compile(model)(x);`,
      'work submitted': `
        let x = device.randn([1, 16, 16, 8], 1);
        for (let i = 0; i < 2; i++) x = sonde.conv2d(sonde.relu(sonde.mul(x, variation + i)), weight, { padding: 1 });
        sonde.softmax(x, { axes: [3] }).data();`,
    };
    const endings = {
      'by an uncaught error': [`throw new Error('uncaught');`, 1],
      'by a rejection that nobody handles': [`Promise.reject(new Error('uncaught'));`, 1],
      'by process.exit(3)': ['process.exit(3);', 3],
      'by process.exit(3) after close()': ['device.close(); process.exit(3);', 3],
    } as const;
    test.each([
      ['pipelines being compiled', 'by an uncaught error'],
      ['pipelines being compiled', 'by a rejection that nobody handles'],
      ['pipelines being compiled', 'by process.exit(3)'],
      ['pipelines being compiled', 'by process.exit(3) after close()'],
      ['work submitted', 'by an uncaught error'],
      ['work submitted', 'by process.exit(3)'],
    ] as const)('%s, %s', async (what, how) => {
      const [start, [end, expected]] = [busy[what], endings[how]];
      // The later it ends, the further the driver's threads are.
      for (const milliseconds of [0, 150]) {
        const { code, output } = await run(
          `const device = await sonde.openDevice({ tuning: 'none' });
          const variation = ${milliseconds} + 1 / 3;
          const weight = device.randn([8, 3, 3, 8], 2);
          ${start}
          setTimeout(() => { console.log('busy'); ${end} }, ${milliseconds});`,
          { MESA_SHADER_CACHE_DISABLE: 'true' },
        );
        expect(output).toContain('busy');
        expect(code).toBe(expected);
      }
    });
  });
});
