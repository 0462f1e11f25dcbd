import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeSafetensors } from '../../src/model/index.js';
import { decodeFrame, LANDMARK_NAMES } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { build, outcomeOf, run, start } from './command.js';

const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 2, batchSize: 2 },
};

/** Holds data/, config.json and the run runs/first. */
let parent: string;
const at = (...path: string[]) => join(parent, ...path);
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(at('data'), { train: 4, validation: 2, test: 3 });
  await writeFile(at('config.json'), JSON.stringify(settings));
  const { code, output, errors } = await train('runs/first');
  expect([code, errors.slice(-1)]).toEqual([0, [expect.stringMatching(/^epoch 2\/2 /)]]);
  expect(output).toMatch(
    /^runs\/first: 2 epochs; best is epoch [12] with validation APD \d+\.\d\d px \(512 frame\)\n$/,
  );
});

const train = (out: string, { data = 'data', config = 'config.json' } = {}) =>
  run('train', ['--data', data, '--config', config, '--out', out], { cwd: parent });

/** A copy of the data set, changed by `spoil`. */
async function spoilt(spoil: (data: string) => Promise<unknown>): Promise<string> {
  const data = join(await temporaryFolder(), 'data');
  await cp(at('data'), data, { recursive: true });
  await spoil(data);
  return data;
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(file, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(file, after);
}

describe('train', () => {
  test('says which setting does not exist, and starts nothing', async () => {
    await writeFile(at('typo.json'), JSON.stringify({ training: { batchsize: 4 } }));
    const { code, output, errors } = await train('runs/typo', { config: 'typo.json' });
    expect([code, output, errors]).toEqual([
      1,
      '',
      ['typo.json: training.batchsize is not a setting; did you mean training.batchSize?'],
    ]);
    expect(existsSync(at('runs', 'typo'))).toBe(false);
  });

  test('says which folder is missing, and leaves none of its own', async () => {
    const { code, output, errors } = await train('runs/new', { data: 'nowhere' });
    expect([code, output]).toEqual([1, '']);
    expect(errors.at(-1)).toMatch(/^nowhere: there is no such folder; give the folder that holds Training/);
    expect(existsSync(at('runs', 'new'))).toBe(false);
  });

  test('says which image is cut short, and leaves no folder', async () => {
    const data = await spoilt((folder) => truncate(join(folder, 'Training', 'Labeled cases', 'phantom-02.png'), 700));
    const { code, errors } = await train('runs/new', { data });
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(
      /phantom-02\.png: the file starts as PNG and cannot be read to its end .* copy or export it/,
    );
    expect(existsSync(at('runs', 'new'))).toBe(false);
  });

  test('refuses the folder of another run and leaves it alone', async () => {
    const before = await readFile(at('runs', 'first', 'best.safetensors'));
    const { code, errors } = await train('runs/first');
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/^runs\/first is not empty: it holds \d+ entries/);
    expect(await readFile(at('runs', 'first', 'best.safetensors'))).toEqual(before);
  });

  test('says what the operating system refused', async () => {
    await writeFile(at('file'), '');
    const { code, errors } = await train('file/run');
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/^ENOTDIR: .*file\/run.*; check the path, its permissions and the space there\.$/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it after a step with exit code %i, and every file is whole', async (signal, expected) => {
    const config = {
      ...settings,
      training: { ...settings.training, epochs: 100_000, earlyStopPatience: null, divergencePatience: null },
    };
    await writeFile(at('long.json'), JSON.stringify(config));
    const out = join('runs', signal);
    const child = start('train', ['--data', 'data', '--config', 'long.json', '--out', out], { cwd: parent });
    const ended = outcomeOf(child);
    child.stderr?.on('data', (chunk) => {
      if (/^epoch ([3-9]|\d\d+)\//m.test(String(chunk))) child.kill(signal);
    });
    const { code, output, errors } = await ended;
    expect([code, output, errors.at(-1)]).toEqual([
      expected,
      '',
      `train: stopped; resume with npm run train -- --resume ${out}.`,
    ]);
    expect((await readdir(at(out))).sort()).toEqual([
      'best.safetensors',
      'config.json',
      'environment.json',
      'events.out.tfevents.sonde',
      'last.safetensors',
      'metrics.csv',
      'metrics.jsonl',
      'run.json',
      'state.safetensors',
      'training-set.json',
    ]);
    const text = await readFile(at(out, 'metrics.jsonl'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThanOrEqual(3);
    const { metadata } = decodeSafetensors(await readFile(at(out, 'last.safetensors')));
    expect(Number(metadata.epoch)).toBe(lines.length);
    decodeSafetensors(await readFile(at(out, 'best.safetensors')));
    if (signal !== 'SIGINT') return;
    // The state is that of the last step, in the middle of an epoch or behind it.
    const epochs = lines.length + 2;
    const more = ['--resume', out, '--set', `training.epochs=${epochs}`];
    const resumed = await run('train', more, { cwd: parent });
    expect([resumed.code, resumed.errors.at(-1)]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^epoch ${epochs}/${epochs} `)),
    ]);
    expect(resumed.errors.filter((line) => line.startsWith('epoch '))).toHaveLength(2);
    const after = (await readFile(at(out, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(after.slice(0, lines.length)).toEqual(text.trimEnd().split('\n'));
    expect(after.map((line) => JSON.parse(line).epoch)).toEqual(Array.from({ length: epochs }, (_, i) => i + 1));
  });
});

describe('train, as a dry run', () => {
  test('--fast-dev-run takes a step, validates a batch, writes every file and stops', async () => {
    const out = join('runs', 'dev');
    const args = ['--data', 'data', '--config', 'config.json', '--out', out, '--fast-dev-run'];
    const { code, errors } = await run('train', [...args, '--set', 'training.batchSize=1'], { cwd: parent });
    expect([code, errors[1]]).toEqual([0, 'reading 1 training and 1 validation frames']);
    expect(errors.at(-1)).toMatch(/^epoch 1\/1 /);
    expect((await readdir(at(out))).sort()).toEqual((await readdir(at('runs', 'first'))).sort());
  });

  test('--overfit takes the first frames alone and tells how near they can be and are', async () => {
    const args = ['--data', 'data', '--config', 'config.json', '--out', 'runs/heart', '--overfit', '2'];
    const { code, output, errors } = await run('train', [...args, '--set', 'training.epochs=1'], { cwd: parent });
    expect(code).toBe(0);
    expect(errors).toContain('reading 2 training frames, validated on themselves');
    expect(errors).toContainEqual(
      expect.stringMatching(
        /^perfect heatmaps of these frames would be decoded \d+\.\d\d px from the truth; for less, enlarge/,
      ),
    );
    expect(output).toMatch(/APD \d+\.\d\d px \(512 frame\)\n2 frames were not overfitted to below 1 px\n$/);
  });

  test('says which run there is none of, which options are missing, and which settings do not exist', async () => {
    const outcomes = await Promise.all([
      run('train', ['--resume', 'data'], { cwd: parent }),
      run('train', ['--data', 'data'], { cwd: parent }),
      run('train', ['--resume', 'runs/first', '--set', 'training.epoch=3'], { cwd: parent }),
      run('train', ['--resume', 'runs/first', '--set', 'loss.sigma=2'], { cwd: parent }),
      run('tune', ['--config', 'config.json', '--set', 'model.bas=3'], { cwd: parent }),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
    expect(outcomes.map(({ errors }) => errors.at(-1))).toEqual([
      'data/run.json cannot be read (ENOENT), so data is not a run to resume; give the folder of a training run.',
      'error: --config is missing; give --data, --config and --out, or --resume',
      '--set training.epoch=3: training.epoch is not a setting; did you mean training.epochs?',
      expect.stringMatching(
        /^runs\/first\/config\.json is the configuration of another run: loss\.sigma is 1 there and 2 here; give/,
      ),
      '--set model.bas=3: model.bas is not a setting; did you mean model.base?',
    ]);
  });
});

describe('evaluate', () => {
  test('prints the scores and where the rest is', async () => {
    const { code, output } = await run('evaluate', ['--run', 'runs/first', '--data', 'data'], { cwd: parent });
    expect(code).toBe(0);
    expect(output).toMatch(/^test, 3 frames, pixels of a 512 frame:\n {2}APD {9}[\d.]+ px \(95 %: [\d.]+ to [\d.]+\)/);
    expect(output).toMatch(/baseline: [\d.]+ px by predicting the mean of the training landmarks/);
    expect(output).toMatch(/median [\d.]+ px, 95th percentile [\d.]+ px, within 5 px: [\d.]+ %, 10 px/);
    expect(output).toMatch(/agreement {3}bias -?[\d.]+°, limits -?[\d.]+ to -?[\d.]+°; ICC\(2,1\) -?[\d.]+ \(95 %: /);
    expect(output).toMatch(/calibration [\d.]+ % of the points lie in their 95 % ellipse and [\d.]+ % of the angles/);
    expect(output).toContain('metrics     runs/first/metrics.json');
    const { test: metrics } = JSON.parse(await readFile(at('runs', 'first', 'metrics.json'), 'utf8'));
    expect(output).toContain(`APD         ${metrics.apd.toFixed(2)} px`);
    expect(existsSync(at('runs', 'first', 'overlays', 'sheet.png'))).toBe(true);
  });

  const labels = (data: string) => join(data, 'Testing', 'landmarks_data.csv');
  test.each<[string, (data: string) => Promise<unknown>, RegExp]>([
    [
      'a column that is missing',
      (data) => edit(labels(data), (text) => text.replace('PS2', 'Notes')),
      /landmarks_data\.csv: there is no column PS2; the columns are Filename, PS1, Notes, AOP Tangency\.$/,
    ],
    [
      'a landmark off its frame',
      (data) => edit(labels(data), (text) => text.replace(/"\([^"]*\)"/, '"(97, 12)"')),
      /landmarks_data\.csv, row 2: PS1 \(97, 12\) lies off the frame phantom-06\.png, which is 96×64 pixels/,
    ],
    [
      'an image that is missing',
      (data) => rm(join(data, 'Testing', 'phantom-07.png')),
      /landmarks_data\.csv, row 3: the image phantom-07\.png is not in .*Testing/,
    ],
    ['labels that are missing', (data) => rm(labels(data)), /found no landmarks_data\.csv/],
    ['a split that is missing', (data) => rm(join(data, 'Testing'), { recursive: true }), /found no folder Testing/],
  ])('says in one sentence what is wrong with %s', async (_, spoil, message) => {
    const data = await spoilt(spoil);
    const { code, output, errors } = await run('evaluate', ['--run', 'runs/first', '--data', data], { cwd: parent });
    expect([code, output]).toEqual([1, '']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
  });

  test('names the folder that holds no run', async () => {
    const { code, errors } = await run('evaluate', ['--run', 'data', '--data', 'data'], { cwd: parent });
    expect([code, errors]).toEqual([1, ['data/config.json: the file cannot be read (ENOENT); check its path.']]);
  });
});

describe('predict', () => {
  test('prints JSON and nothing else, by the newest run, and draws', async () => {
    const image = join('data', 'Testing', 'phantom-06.png');
    const { code, output } = await run('predict', [image], { cwd: parent });
    expect(code).toBe(0);
    const [result, ...others] = JSON.parse(output);
    expect(others).toEqual([]);
    expect([result.file, result.width, result.height]).toEqual([image, 96, 64]);
    for (const name of LANDMARK_NAMES) {
      expect(Number.isFinite(result.landmarks[name].x + result.landmarks[name].y)).toBe(true);
      expect(result.confidence[name]).toBeGreaterThan(0);
    }
    // Whichever run was trained last; tests of this file train several.
    expect(result.overlay).toMatch(/^runs\/\w+\/predictions\/phantom-06-overlay\.png$/);
    const overlay = await decodeFrame(await readFile(at(result.overlay)), result.overlay);
    expect([overlay.width, overlay.height]).toEqual([576, 384]);
  });

  test('refuses damaged weights, and writes nothing', async () => {
    const folder = join(await temporaryFolder(), 'run');
    await mkdir(folder);
    for (const name of ['config.json', 'best.safetensors']) await cp(at('runs', 'first', name), join(folder, name));
    await truncate(join(folder, 'best.safetensors'), 4000);
    const image = join('data', 'Testing', 'phantom-06.png');
    const { code, output, errors } = await run('predict', [image, '--model', folder], { cwd: parent });
    expect([code, output]).toEqual([1, '']);
    expect(errors).toEqual([
      expect.stringMatching(/best\.safetensors: Not a whole safetensors file: .* fetch or export it again\.$/),
    ]);
    expect((await readdir(folder)).sort()).toEqual(['best.safetensors', 'config.json']);
  });

  test('says how to get a run where there is none', async () => {
    const { code, errors } = await run('predict', ['x.png'], { cwd: await temporaryFolder() });
    expect([code, errors]).toEqual([
      1,
      ['runs/ contains no trained run; train one (npm run demo trains a small one) or give one with --model.'],
    ]);
  });
});

describe('export', () => {
  test('writes what the name of the file says, and its card', async () => {
    for (const file of ['model.onnx', 'model.safetensors']) {
      const { code, output } = await run('export', ['--model', 'runs/first', '--out', file, '--half'], { cwd: parent });
      expect([code, output]).toEqual([0, expect.stringMatching(/^model\.\w+: 0\.0 MB; model card model\.\w+\.md\n$/)]);
      expect(await readFile(at(`${file}.md`), 'utf8')).toMatch(/kernels in half precision/);
    }
    const { tensors } = decodeSafetensors(await readFile(at('model.safetensors')));
    expect(tensors['head.weight'].dtype).toBe('F16');
    expect((await readFile(at('model.onnx'))).subarray(4, 9).toString()).toBe('sonde');
  });

  test('says what a name must end in', async () => {
    const { code, output, errors } = await run('export', ['--model', 'runs/first', '--out', 'model.pt'], {
      cwd: parent,
    });
    expect([code, output, errors]).toEqual([
      1,
      '',
      ['model.pt does not end in .onnx or .safetensors; name the file so, or give --format.'],
    ]);
  });
});

describe('contact-sheet', () => {
  test('draws frames as they are and in the first epochs', async () => {
    const options = [
      '--data',
      'data',
      '--config',
      'config.json',
      '--out',
      'sheet.png',
      '--frames',
      '2',
      '--epochs',
      '3',
    ];
    const { code, output } = await run('contact-sheet', options, { cwd: parent });
    expect([code, output]).toEqual([0, 'sheet.png: 2 frames, unchanged and in 3 epochs of config.json.\n']);
    const sheet = await decodeFrame(await readFile(at('sheet.png')), 'sheet.png');
    // Four columns of pictures of 288 px, two rows.
    expect(sheet.width).toBe(2 * 24 + 4 * 288 + 3 * 14);
    expect(sheet.height).toBeGreaterThan(2 * 288);
  });

  test('refuses a sheet without pictures, and writes none', async () => {
    const options = ['--data', 'data', '--config', 'config.json', '--out', 'none.png', '--frames', '0'];
    const { code, errors } = await run('contact-sheet', options, { cwd: parent });
    expect([code, errors]).toEqual([1, ['A sheet of 0 of 4 frames in 4 epochs is empty; give at least one of each.']]);
    expect(existsSync(at('none.png'))).toBe(false);
  });
});

describe('demo', () => {
  test('refuses a number of epochs that is none before it draws anything', async () => {
    const cwd = await temporaryFolder();
    const text = await run('demo', ['--epochs', 'few'], { cwd });
    expect([text.code, text.errors]).toEqual([
      1,
      [expect.stringMatching(/'few' is invalid. It must be an integer, 0 or greater/)],
    ]);
    const zero = await run('demo', ['--epochs', '0'], { cwd });
    expect([zero.code, zero.errors]).toEqual([
      1,
      [expect.stringMatching(/training\.epochs is 0; give a whole number from 1/)],
    ]);
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('doctor', () => {
  test('shows the adapter, its features and its limits', async () => {
    const { code, output } = await run('doctor', []);
    expect(code).toBe(0);
    expect(output).toMatch(/^adapter {3}\S.* \((software, runs on CPU cores|GPU)\)$/m);
    expect(output).toMatch(/^features .*timestamp-query: (yes|no), shader-f16: (yes|no), subgroups: (yes|no)$/m);
    expect(output).toMatch(/maxStorageBufferBindingSize \d{9,}$/m);
  });

  test('prints the same as JSON', async () => {
    const { code, output } = await run('doctor', ['--json']);
    expect(code).toBe(0);
    const { description, software, features, limits, node } = JSON.parse(output);
    expect([typeof description, typeof software, node]).toEqual(['string', 'boolean', process.version]);
    expect(features).toContain('core-features-and-limits');
    expect(limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256);
  });

  test('says what to do where there is no adapter', async () => {
    const env = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    const { code, output, errors } = await run('doctor', [], { env });
    expect([code, output]).toEqual([1, '']);
    expect(errors).toEqual([
      expect.stringMatching(/^openDevice: WebGPU found no adapter; run \.\/setup\.sh, which installs/),
    ]);
  });
});

describe('evaluate and predict', () => {
  test('read heatmaps as they are told to, and know no other way', async () => {
    const evaluate = (decoding: string) =>
      run('evaluate', ['--run', 'runs/first', '--data', 'data', '--decoding', decoding], { cwd: parent });
    const { code, output } = await evaluate('argmax');
    expect([code, output]).toEqual([0, expect.stringMatching(/^test \(argmax\), 3 frames/)]);
    expect(existsSync(at('runs', 'first', 'predictions-argmax.csv'))).toBe(true);
    const { code: refused, errors } = await evaluate('softmax');
    expect([refused, errors]).toEqual([1, [expect.stringMatching(/Allowed choices are dsnt, argmax, argmax-biased/)]]);
  });
});

describe('compare', () => {
  test('trains what it is given, prints the table with its conclusion, and says the same a second time', async () => {
    await writeFile(
      at('u-net.json'),
      JSON.stringify({ ...settings, model: { architecture: 'u-net', base: 1, depth: 1, inputSize: 32 } }),
    );
    const compare = () =>
      run('compare', ['u-net.json', 'config.json', '--data', 'data', '--seeds', '5', '--set', 'training.epochs=1'], {
        cwd: parent,
      });
    const first = await compare();
    expect(first.code).toBe(0);
    expect(first.output).toMatch(/^\| model +\| parameters .*\n\|[-:| ]+\n\| U-Net .*\n\| DSNT-DeepUNet /);
    expect(first.output).toMatch(
      /Of the paper’s order .*, the part without Deep-UNet, .* is (not )?reproduced in APD \(/,
    );
    expect(first.errors).toContain('u-net-seed-5');
    expect(first.errors.filter((line) => line.startsWith('epoch 1/1'))).toHaveLength(2);
    expect((await readdir(at('runs', 'compare'))).sort()).toEqual([
      'comparison.csv',
      'comparison.json',
      'comparison.md',
      'config-seed-5',
      'u-net-seed-5',
    ]);
    const second = await compare();
    expect([second.code, second.output]).toEqual([0, first.output]);
    expect(second.errors.filter((line) => line.startsWith('epoch'))).toEqual([]);
  });

  test('refuses seeds that are none', async () => {
    const { code, errors } = await run('compare', ['--seeds', '1,two'], { cwd: parent });
    expect([code, errors]).toEqual([
      1,
      [expect.stringMatching(/--seeds <list>' argument '1,two' is invalid\. It must be/)],
    ]);
  });
});
