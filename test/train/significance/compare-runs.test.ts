import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Landmarks, type Prediction, predictionsCsv } from '../../../src/train/index.js';
import { PredictionsError } from '../../../src/train/run-folder/index.js';
import { compareRuns } from '../../../src/train/significance/index.js';
import { StatisticsError } from '../../../src/train/statistics/index.js';

const truth: Landmarks = { ps1: { x: 70, y: 20 }, ps2: { x: 40, y: 25 }, fh1: { x: 80, y: 50 } };

/** Frames of 128 px whose PS1 is `errors` px too far right. */
function predictions(errors: readonly number[], label = truth): Prediction[] {
  return errors.map((error, i) => ({
    filename: `frame-${i}.png`,
    predicted: { ...label, ps1: { x: label.ps1.x + error, y: label.ps1.y } },
    truth: label,
    scale: 4,
  }));
}

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sonde-significance-'));
});
afterEach(() => rm(parent, { recursive: true }));

/** A run's folder with these predictions. */
async function run(name: string, given: readonly Prediction[], file = 'predictions.csv'): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, file), predictionsCsv(given));
  return folder;
}

/** Errors without ties between two runs. */
const ERRORS = [1, 2, 3, 4, 5, 6];
const WORSE = ERRORS.map((error, i) => error + 0.3 * (i + 1));

describe('compareRuns', () => {
  it('matches frames by name, whatever their order, in pixels of a 512 frame', async () => {
    const a = await run('a', predictions(ERRORS));
    const b = await run('b', predictions(WORSE).reverse());
    const { frames, runs, pairs } = await compareRuns([a, b]);
    expect(frames).toBe(6);
    // A third of the landmarks is off, by four pixels of 512 for each of 128.
    expect(runs[0]).toMatchObject({ run: a, apd: expect.closeTo((4 * 3.5) / 3, 6) });
    expect(pairs).toHaveLength(1);
    const { first, second, distance } = pairs[0];
    expect([first, second]).toEqual([a, b]);
    // Differences of −0.4, −0.8, … −2.4 px: all negative, which 2 of 2⁶ sign assignments are.
    expect(distance?.mean).toBeCloseTo(-1.4, 6);
    expect(distance?.median).toBeCloseTo(-1.4, 6);
    expect(distance?.firstBetter).toBe(1);
    expect([distance?.p, distance?.method]).toEqual([2 / 64, 'exact']);
    expect(distance?.interval.high).toBeLessThan(0);
  });

  it('corrects for all tests of several runs', async () => {
    const runs = await Promise.all(
      [ERRORS, WORSE, WORSE.map((error, i) => error + 0.1 * (i + 1))].map((errors, i) =>
        run(`run-${i}`, predictions(errors)),
      ),
    );
    const { pairs } = await compareRuns(runs);
    expect(pairs.map(({ first, second }) => [runs.indexOf(first), runs.indexOf(second)])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    const tests = pairs.flatMap(({ distance, angle }) => [distance, angle]);
    // Six tests, all with the least p that six frames allow, 1/32.
    for (const test of tests) {
      expect(test?.p).toBe(1 / 32);
      expect(test?.adjustedP).toBeCloseTo(6 / 32, 12);
    }
  });

  it('leaves frames without an angle out of the angle only', async () => {
    const collapsed = predictions(ERRORS);
    const first = { ...collapsed[0], predicted: { ...truth, fh1: truth.ps1 } };
    const a = await run('a', [first, ...collapsed.slice(1)]);
    const b = await run('b', predictions(WORSE));
    const [{ distance, angle }] = (await compareRuns([a, b])).pairs;
    expect([distance?.frames, angle?.frames]).toEqual([6, 5]);
  });

  it('reads other splits', async () => {
    const a = await run('a', predictions(ERRORS), 'predictions-validation.csv');
    const b = await run('b', predictions(WORSE), 'predictions-validation.csv');
    expect((await compareRuns([a, b], 'validation')).frames).toBe(6);
  });

  const refusal = async (runs: readonly string[]) => {
    const error: unknown = await compareRuns(runs).catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    return error as Error;
  };

  it('says which frame only one run knows', async () => {
    const a = await run('a', predictions(ERRORS));
    const b = await run('b', predictions(WORSE).slice(0, 4));
    const sentence = (first: string, second: string, counts: string[]) =>
      `${first} was evaluated on ${counts[0]} frames and ${second} on ${counts[1]}, and frame-4.png is only among those of ${a}; evaluate both on the same data set.`;
    const error = await refusal([a, b]);
    expect(error).toBeInstanceOf(StatisticsError);
    expect(error.message).toBe(sentence(a, b, ['6', '4']));
    expect((await refusal([b, a])).message).toBe(sentence(b, a, ['4', '6']));
  });

  it('says where the labels differ', async () => {
    const a = await run('a', predictions(ERRORS));
    const b = await run('b', predictions(WORSE, { ...truth, ps2: { x: 41, y: 25 } }));
    expect((await refusal([a, b])).message).toBe(
      `The label of PS2 in frame-0.png was (161.5, 101.5) when ${a} was evaluated and (165.5, 101.5) when ${b} was; evaluate both on the same data set.`,
    );
  });

  it('needs two different runs that were evaluated', async () => {
    const a = await run('a', predictions(ERRORS));
    expect((await refusal([a])).message).toBe('A comparison needs at least 2 different runs; 1 given.');
    expect((await refusal([a, a])).message).toMatch(/at least 2 different runs; .*a is given twice\.$/);
    const nothing = await refusal([a, join(parent, 'none')]);
    expect(nothing).toBeInstanceOf(PredictionsError);
    expect(nothing.message).toMatch(
      /none\/predictions\.csv cannot be read \(ENOENT\); npm run evaluate -- --run .*none/,
    );
    const bare = await run(
      'bare',
      predictions(ERRORS).map(({ scale, ...rest }) => rest),
    );
    expect((await refusal([a, bare])).message).toMatch(/frame-0\.png has no truth or no scale to 512 px; evaluate/);
  });
});
