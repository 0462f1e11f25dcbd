// Two processes in one folder: the second is told who is there, and changes nothing.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { build, outcomeOf, run, start } from './command.js';

const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  training: { epochs: 100_000, batchSize: 2, seed: 3, earlyStopPatience: null, divergencePatience: null },
};
const TRAIN = ['--data', 'data', '--config', 'config.json', '--out', 'run'];
const COMPARE = ['config.json', '--data', 'data', '--seeds', '1', '--out', 'comparison'];

let parent: string;
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(join(parent, 'data'), { train: 5, validation: 2, test: 2 });
  await writeFile(join(parent, 'config.json'), JSON.stringify(settings));
});

test.each<[string, readonly string[], string, string, readonly [string, readonly string[]][]]>([
  [
    'train',
    TRAIN,
    'run',
    'training',
    [
      ['train', ['--resume', 'run']],
      ['train', TRAIN],
      ['evaluate', ['--run', 'run', '--data', 'data']],
    ],
  ],
  ['compare', COMPARE, 'comparison', 'comparing', [['compare', COMPARE]]],
])(
  'while %s works in a folder, nothing else does; killed, it leaves the folder to the next',
  {
    timeout: 120_000,
  },
  async (name, args, folder, doing, others) => {
    const child = start(name, args, { cwd: parent });
    const ended = outcomeOf(child);
    let told = '';
    while (!/^epoch 2\//m.test(told)) {
      const [chunk] = await once(child.stderr as NodeJS.ReadableStream, 'data');
      told += chunk;
    }
    for (const [other, otherArgs] of others) {
      const { code, errors } = await run(other, otherArgs, { cwd: parent });
      expect([other, code]).toEqual([other, 1]);
      expect(errors.at(-1)).toMatch(
        new RegExp(`^${folder} is in use: process ${child.pid} on ${hostname()} has been ${doing} `),
      );
    }
    child.kill('SIGKILL');
    await ended;
    const log = join(parent, folder, ...(name === 'compare' ? ['config-seed-1'] : []), 'metrics.jsonl');
    const epochs = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).epoch);
    expect(epochs).toEqual(epochs.map((_, i) => i + 1));
    if (name !== 'train') return;
    // Killed between a state and its line of metrics, the run has one epoch more than lines.
    const extended = ['--resume', 'run', '--set', `training.epochs=${epochs.length + 2}`];
    const { code, errors } = await run('train', extended, { cwd: parent });
    expect([code, errors.at(-1)]).toEqual([0, expect.stringMatching(/^epoch /)]);
  },
);
