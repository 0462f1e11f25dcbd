// Training as a process that is killed at random moments and resumed, against one that is left alone.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { runContents } from '../train/loop/run-contents.js';
import { build, outcomeOf, run, start } from './command.js';

const EPOCHS = 30;
const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  optimizer: { learningRate: 0.01 },
  schedule: { name: 'plateau', patience: 1, threshold: 0.05 },
  training: { epochs: EPOCHS, batchSize: 2, seed: 3, emaDecay: 0.8, earlyStopPatience: null, divergencePatience: null },
};
/** In the long version, killed so often that only luck in between gets it to its end. */
const kills = process.env.SONDE_TEST_CASES ? Number(process.env.SONDE_TEST_CASES) : 3;

let parent: string;
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(join(parent, 'data'), { train: 5, validation: 2, test: 0 });
  await writeFile(join(parent, 'config.json'), JSON.stringify(settings));
});

const newRun = (out: string) => ['--data', 'data', '--config', 'config.json', '--out', out];

/**
 * Starts the command and kills it with SIGKILL, `delay` milliseconds after it has told of an epoch, or had no more to tell.
 *
 * @returns whether it was killed
 */
async function killed(args: readonly string[], delay: number): Promise<boolean> {
  const child = start('train', args, { cwd: parent });
  const ended = outcomeOf(child);
  let told = false;
  child.stderr?.on('data', (chunk) => {
    if (told || !/^epoch /m.test(String(chunk))) return;
    told = true;
    sleep(delay).then(() => child.kill('SIGKILL'));
  });
  const { code, errors } = await ended;
  if (code !== null) expect([code, errors.at(-1)]).toEqual([0, expect.stringMatching(/^epoch 30\/30 /)]);
  return code === null;
}

test('a run that is killed at random moments and resumed ends with the same bits', {
  timeout: 60_000 + 10_000 * kills,
}, async () => {
  const whole = await run('train', newRun('whole'), { cwd: parent });
  expect(whole.code).toBe(0);

  // Each epoch takes some ten milliseconds, of which writing files is a good part.
  const delays = Array.from({ length: kills }, () => Math.round(Math.random() * 60));
  const at = `killed ${delays.join(', ')} ms after the first epoch of each process`;
  let hits = 0;
  for (const [i, delay] of delays.entries()) {
    const alive = !(await killed(i === 0 ? newRun('cut') : ['--resume', 'cut'], delay));
    if (alive) break;
    hits += 1;
  }
  expect(hits, at).toBeGreaterThan(0);
  const last = await run('train', ['--resume', 'cut'], { cwd: parent });
  expect(last.code, last.errors.join('\n')).toBe(0);
  expect(await runContents(join(parent, 'cut')), at).toEqual(await runContents(join(parent, 'whole')));
  expect(last.output.replace('cut:', 'whole:')).toBe(whole.output);
});
