import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Prediction, predictionsCsv } from '../../src/train/run-folder/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { build, run } from './command.js';

const truth = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };

/** Frames of 512 px whose landmarks are all `errors` px too far right. */
function predictions(errors: readonly number[]): Prediction[] {
  return errors.map((error, i) => {
    const right = ({ x, y }: { x: number; y: number }) => ({ x: x + error, y });
    const predicted = { ps1: right(truth.ps1), ps2: right(truth.ps2), fh1: right(truth.fh1) };
    return { filename: `${i}.png`, predicted, truth, scale: 1 };
  });
}

let parent: string;
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  const runs = { good: [1, 2, 3, 4, 5], bad: [2.5, 3, 5, 7, 9], short: [1, 2] };
  for (const [name, errors] of Object.entries(runs)) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'predictions.csv'), predictionsCsv(predictions(errors)));
  }
});

describe('statistics', () => {
  test('prints how runs differ, and writes the same as JSON', async () => {
    const { code, output } = await run('statistics', ['good', 'bad', '--json', 'tests.json'], { cwd: parent });
    expect(code).toBe(0);
    // Differences −1.5, −1, −2, −3, −4: all of one sign, 2 of 2⁵; the angles do not differ.
    expect(output.split('\n').slice(0, 6)).toEqual([
      'test, 5 frames, pixels of a 512 frame:',
      '  good: APD 3.00 px, AoP error 0.00°',
      '  bad: APD 5.30 px, AoP error 0.00°',
      'good − bad:',
      expect.stringMatching(
        /^ {2}APD {8}-2\.30 px \(95 %: -3\.\d\d to -1\.\d\d\), median -2\.00 px, 5 frames; p = 0\.063, adjusted p = 0\.125$/,
      ),
      expect.stringMatching(/^ {2}AoP error {2}-?0\.00° .* adjusted p = 1\.000$/),
    ]);
    const { pairs } = JSON.parse(await readFile(join(parent, 'tests.json'), 'utf8'));
    expect(pairs[0].distance).toMatchObject({ frames: 5, p: 2 / 32, adjustedP: 4 / 32, method: 'exact' });
  });

  test('says in one sentence what cannot be compared', async () => {
    const different = await run('statistics', ['good', 'short'], { cwd: parent });
    expect([different.code, different.output, different.errors]).toEqual([
      1,
      '',
      [
        'good was evaluated on 5 frames and short on 2, and 2.png is only among those of good; evaluate both on the same data set.',
      ],
    ]);
    const missing = await run('statistics', ['good', 'nowhere'], { cwd: parent });
    expect([missing.code, missing.errors]).toEqual([
      1,
      [
        expect.stringMatching(
          /^nowhere\/predictions\.csv cannot be read \(ENOENT\); npm run evaluate -- --run nowhere/,
        ),
      ],
    ]);
  });
});
