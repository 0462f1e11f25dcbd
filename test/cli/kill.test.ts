// Training as a process that is killed at random moments and resumed, against one that is left alone.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { runContents } from '../train/loop/run-contents.js';
import { build, type Outcome, run } from './command.js';

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
 * Preloaded, counts operations on files and kills the process at one of them: kills in between leave the same files.
 */
const preload = fileURLToPath(new URL('kill-at-file-operation.mjs', import.meta.url));

async function train(args: readonly string[], killAt = 0): Promise<Outcome & { operations: number }> {
  const env = { NODE_OPTIONS: `--import=${pathToFileURL(preload)}`, SONDE_KILL_AT: String(killAt) };
  const outcome = await run('train', args, { cwd: parent, env });
  return { ...outcome, operations: Number(/^file operations: (\d+)$/m.exec(outcome.errors.join('\n'))?.[1]) };
}

test('a run that is killed at random moments and resumed ends with the same bits', async () => {
  const whole = await train(newRun('whole'));
  expect(whole.code).toBe(0);
  expect(whole.operations).toBeGreaterThan(10 * EPOCHS);

  // From the first epoch on, before which there is nothing to resume; every process gets a part of what one alone does.
  const part = whole.operations / (kills + 1);
  const moments = Array.from({ length: kills }, () => Math.round(part * (0.5 + 0.5 * Math.random())));
  const at = `killed at operations ${moments.join(', ')} on files, of ${whole.operations}`;
  for (const [i, moment] of moments.entries()) {
    const { code } = await train(i === 0 ? newRun('cut') : ['--resume', 'cut'], moment);
    expect(code, at).toBeNull();
  }
  const last = await train(['--resume', 'cut']);
  expect(last.code, last.errors.join('\n')).toBe(0);
  expect(await runContents(join(parent, 'cut')), at).toEqual(await runContents(join(parent, 'whole')));
  expect(last.output.replace('cut:', 'whole:')).toBe(whole.output);
});
