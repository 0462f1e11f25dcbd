import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossValidationSchema } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { build, run } from './command.js';

const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 1, batchSize: 2 },
};

let parent: string;
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(join(parent, 'data'), { train: 4, validation: 2, test: 1 });
  await writeFile(join(parent, 'config.json'), JSON.stringify(settings));
});
const crossValidate = (...args: string[]) =>
  run('cross-validate', ['--data', 'data', '--config', 'config.json', '--out', 'cv', ...args], { cwd: parent });

describe('cross-validate', () => {
  test('says in one sentence what is wrong, and writes nothing', async () => {
    await writeFile(join(parent, 'metadata.csv'), 'file,presentation\nphantom-00.png,cephalic\nghost.png,breech\n');
    const { code, output, errors } = await crossValidate('--metadata', 'metadata.csv');
    expect([code, output]).toEqual([1, '']);
    expect(errors).toEqual([
      expect.stringMatching(/^metadata\.csv names 1 of 2 files that are not in the data set, .* ghost\.png; correct/),
    ]);
    expect((await readdir(parent)).sort()).toEqual(['config.json', 'data', 'metadata.csv']);
  });

  test('two processes share the folds out, and the last word is the result of all', async () => {
    const { code, output, errors } = await crossValidate('--folds', '2', '--jobs', '2');
    expect(code).toBe(0);
    expect(output).toMatch(/^6 frames \(train, validation\) in 2 folds, seed 0;/);
    const trained = errors.filter((line) => / held-out frames: APD /.test(line)).map((line) => line.slice(0, 7));
    expect(trained.sort()).toEqual(['fold 1:', 'fold 2:']);
    const results = crossValidationSchema.parse(
      JSON.parse(await readFile(join(parent, 'cv', 'cross-validation.json'), 'utf8')),
    );
    expect(output).toContain(`all frames  APD ${results.pooled.apd.toFixed(2)} px`);
    // Finished, so it says the same without a device.
    const again = await run(
      'cross-validate',
      ['--data', 'data', '--config', 'config.json', '--out', 'cv', '--adapter', 'no such'],
      { cwd: parent },
    );
    expect([again.code, again.errors]).toEqual([0, []]);
    expect(output.endsWith(again.output)).toBe(true);
  });

  test('its folds answer together', async () => {
    const evaluate = (...args: string[]) => run('evaluate', ['--data', 'data', ...args], { cwd: parent });
    const { code, output } = await evaluate('--ensemble', 'cv', '--tta', 'horizontal');
    expect(code).toBe(0);
    expect(output).toMatch(/^test with mirrored views, 1 frames, pixels of a 512 frame:$/m);
    expect(output).toMatch(
      /^ {2}members +2, individual APD [\d.]+ to [\d.]+ px\n +disagreement PS1 [\d.]+, PS2 [\d.]+, FH1 [\d.]+ px$/m,
    );
    const seen = await evaluate('--ensemble', 'cv', '--split', 'validation');
    expect([seen.code, seen.errors]).toEqual([
      1,
      [
        expect.stringMatching(
          /^cv\/ensemble was trained on 2 of the validation frames, so scores on them are not meaningful/,
        ),
      ],
    ]);
    const image = join('data', 'Testing', 'phantom-06.png');
    const predicted = await run('predict', [image, '--ensemble', 'cv'], { cwd: parent });
    const [result] = JSON.parse(predicted.output);
    expect(result.members).toHaveLength(2);
    expect(result.overlay).toBe('cv/ensemble/predictions/phantom-06-overlay.png');
  });

  test('says which adapters there are', async () => {
    const { code, errors } = await run(
      'cross-validate',
      ['--data', 'data', '--config', 'config.json', '--out', 'cv2', '--folds', '2', '--adapter', 'no such'],
      { cwd: parent },
    );
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/^--adapter no such: no adapter name contains it; available: \S/);
  });
});
