import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeSafetensors, type SafetensorsTensors } from '../../../src/model/index.js';
import {
  decodeState,
  RunFolder,
  resolveConfig,
  STATE_FILE,
  type TrainingInput,
  train,
} from '../../../src/train/index.js';
import { readInitialWeights } from '../../../src/train/loop/initial-weights.js';
import { Learner, weightsToUse } from '../../../src/train/loop/learner.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';
import { runContents } from './run-contents.js';

const model = { base: 1, depth: 3, inputSize: 32 };
const frames = { training: phantomFrames(5, 32), validation: phantomFrames(2, 32, 8) };

/** Plain gradient descent, so that a step is the learning rate times the gradient. */
const sgd = { name: 'sgd', learningRate: 1e-3, clipNorm: null } as const;
function configOf({
  freeze = [],
  factors = {},
  ...more
}: {
  freeze?: string[];
  factors?: object;
  emaDecay?: number;
} = {}) {
  return resolveConfig({
    model,
    loss: { sigma: 1 },
    optimizer: { ...sgd, learningRateFactors: factors },
    training: { epochs: 1, batchSize: 5, seed: 5, freeze, ...more },
  });
}

/** Writes the weights of a network of another seed. */
async function writeWeights(own: object = model): Promise<string> {
  const learner = new Learner(await sharedDevice(), resolveConfig({ model: own, training: { seed: 77 } }));
  const path = join(await temporaryFolder(), 'other.safetensors');
  await writeFile(path, encodeSafetensors({ ...weightsToUse(await learner.tensors()) }));
  learner.dispose();
  return path;
}

let weights: string;
beforeAll(async () => {
  weights = await writeWeights();
});

async function learnerOf(config = configOf()): Promise<Learner> {
  return new Learner(await sharedDevice(), config);
}

/** Names of tensors of `model.…` that differ, without that prefix. */
function changed(before: SafetensorsTensors, after: SafetensorsTensors): string[] {
  return Object.keys(before).flatMap((name) => {
    const same = Buffer.from(before[name].data.buffer).equals(Buffer.from(after[name].data.buffer));
    return same || !name.startsWith('model.') ? [] : [name.slice('model.'.length)];
  });
}

describe('starting from other weights', () => {
  test('all of them, into the moving average too', async () => {
    const initial = await readInitialWeights({ weights, layers: 'all' });
    const learner = await learnerOf(configOf({ emaDecay: 0.5 }));
    const { match, sentence } = learner.initialize(initial);
    const tensors = await learner.tensors();
    learner.dispose();
    for (const [name, { data }] of Object.entries(initial.tensors)) {
      expect(tensors[`model.${name}`].data, name).toEqual(data);
      expect(tensors[`average.${name}`].data, name).toEqual(data);
    }
    expect(match.loaded).toEqual(Object.keys(tensors).flatMap((name) => /^model\.(.*)/.exec(name)?.[1] ?? []));
    expect(sentence).toMatch(
      /other\.safetensors \(SHA-256 [0-9a-f]{12}…\): 32 of 32 tensors loaded: enc1, enc2, enc3, head$/,
    );
  });

  test('those of some layers, by name', async () => {
    const learner = await learnerOf();
    const before = await learner.tensors();
    const initial = await readInitialWeights({ weights, layers: ['enc*', 'head.bias'] });
    const { match, sentence } = learner.initialize(initial);
    // Batch norm starts from the same values whatever the seed.
    expect(changed(before, await learner.tensors()).filter((name) => !/^enc\d\.conv/.test(name))).toEqual([
      'head.bias',
    ]);
    expect(match.misfits).toEqual([]);
    expect(sentence).toContain('tensors loaded: enc1, enc2, enc3, head.bias; from the seed: head.weight');
    const nothing = { ...initial, layers: ['enc1', 'enc9'] };
    expect(() => learner.initialize(nothing)).toThrow(
      '--init-layers: "enc9" names no layer of the network; its layers are enc1, enc2, enc3, head.',
    );
    learner.dispose();
  });

  test('of a network of other shapes: refused with a list, or those that match', async () => {
    const wider = await writeWeights({ ...model, base: 2 });
    const learner = await learnerOf();
    const before = await learner.tensors();
    const initial = await readInitialWeights({ weights: wider, layers: 'all' });
    expect(() => learner.initialize(initial)).toThrow(
      /other\.safetensors: 31 of 32 tensors do not fit this network; .*--init-layers matching:\n {2}enc1\.conv1\.weight is 2×1×3×3 in the file and 1×1×3×3 in the network\n {2}enc1\.bn1/,
    );
    expect(changed(before, await learner.tensors())).toEqual([]);
    const { match, sentence } = learner.initialize({ ...initial, layers: 'matching' });
    expect(match.loaded).toEqual(['head.bias']);
    expect(sentence).toContain('not loaded: enc1.conv1.weight is 2×1×3×3 in the file and 1×1×3×3 in the network, ');
    expect(changed(before, await learner.tensors())).toEqual(['head.bias']);
    learner.dispose();
  });

  test('of a file that is none: refused', async () => {
    const folder = await temporaryFolder();
    const read = (own: string, sha256?: string) => readInitialWeights({ weights: own, layers: 'all', sha256 });
    await expect(read(join(folder, 'no'))).rejects.toThrow(/no: the weights cannot be read \(ENOENT\); give/);
    await writeFile(join(folder, 'torn.safetensors'), 'torn');
    await expect(read(join(folder, 'torn.safetensors'))).rejects.toThrow(/torn\.safetensors: .*safetensors/);
    await expect(read(weights, '0'.repeat(64))).rejects.toThrow(/has changed since the run was started from it/);
    await writeFile(join(folder, 'state.safetensors'), encodeSafetensors({}, { position: '{}' }));
    await expect(read(join(folder, 'state.safetensors'))).rejects.toThrow(
      /is the state of a run, not weights; give best/,
    );
  });
});

/** What one step changes, and what it keeps of the optimizer. */
async function stepWith(config: ReturnType<typeof configOf>) {
  const input = { device: await sharedDevice(), config, ...frames };
  const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), config);
  const learner = await learnerOf(config);
  const before = await learner.tensors();
  learner.dispose();
  await train({ ...input, folder });
  const { tensors } = decodeState(await readFile(folder.file(STATE_FILE)), STATE_FILE);
  return { before, tensors };
}

describe('layers that are trained in their own way', () => {
  test('frozen ones keep their bits, statistics of batch norm included, and have no moments', async () => {
    const { before, tensors } = await stepWith(configOf({ freeze: ['enc1', 'enc2.*1', 'head.bias'], emaDecay: 0.5 }));
    const moved = changed(before, tensors);
    const frozen = (name: string) => /^enc1\.|^enc2\..*1\.|^head\.bias$/.test(name);
    expect(moved.filter(frozen)).toEqual([]);
    expect(moved).toEqual(expect.arrayContaining(['enc2.conv2.weight', 'enc2.bn2.running_mean', 'head.weight']));
    for (const name of Object.keys(tensors)) {
      if (name.startsWith('moment1.')) expect(frozen(name.slice('moment1.'.length)), name).toBe(false);
      if (name.startsWith('average.') && frozen(name.slice('average.'.length))) {
        expect(tensors[name].data).toEqual(tensors[name.replace('average', 'model')].data);
      }
    }
    expect(Object.keys(tensors)).toContain('moment1.head.weight');
  });

  test('a factor multiplies the step of its layers alone', async () => {
    const [plain, scaled] = [
      await stepWith(configOf()),
      await stepWith(configOf({ factors: { 'enc*': 0.25, head: 2 } })),
    ];
    const stepOf = ({ before, tensors }: typeof plain, name: string) =>
      Array.from(tensors[name].data as Float32Array, (value, i) => value - Number(before[name].data[i]));
    for (const [name, factor] of [
      ['model.enc1.conv1.weight', 0.25],
      ['model.head.weight', 2],
    ] as const) {
      const [expected, got] = [stepOf(plain, name), stepOf(scaled, name)];
      const largest = Math.max(...expected.map(Math.abs));
      expect(largest).toBeGreaterThan(1e-5);
      for (const [i, value] of got.entries())
        expect(Math.abs(value - factor * expected[i])).toBeLessThan(1e-2 * largest);
    }
  });

  test('names that contradict each other, name nothing or leave nothing to train are refused', async () => {
    const refused = (settings: Parameters<typeof configOf>[0]) => expect(learnerOf(configOf(settings))).rejects;
    await refused({ freeze: ['encoder'] }).toThrow(
      /^training\.freeze: "encoder" names no layer of the network; its layers are enc1/,
    );
    await refused({ freeze: ['*'] }).toThrow(/^training\.freeze: all parameters are frozen; leave some/);
    await refused({ factors: { 'enc*': 0.1, enc1: 0.5 } }).toThrow(
      /^optimizer\.learningRateFactors: enc1\.conv1\.weight is named by "enc\*" \(0\.1\) and by "enc1" \(0\.5\); name it once/,
    );
  });
});

test('a run with all of this resumes with the same bits, whatever has become of the weights it started from', async () => {
  const config = resolveConfig({
    model,
    loss: { sigma: 1 },
    optimizer: { learningRate: 0.02, learningRateFactors: { enc2: 0.1 } },
    training: { epochs: 2, batchSize: 4, seed: 5, emaDecay: 0.5, freeze: ['enc1'] },
  });
  const path = await writeWeights();
  const initial = await readInitialWeights({ weights: path, layers: 'all' });
  const run = async (folder: RunFolder, input: Partial<TrainingInput> = {}) =>
    train({ device: await sharedDevice(), config, folder, weights: [1, 3, 0.5, 0.5, 1], ...frames, ...input });
  const parent = await temporaryFolder();
  const whole = await RunFolder.create(join(parent, 'whole'), config);
  const images: number[] = [];
  await run(whole, { initial, events: { step: (step) => images.push(step.images) } });
  // Six frames an epoch: 1 + 3 + one of the two of weight 0.5 + 1.
  expect(images).toEqual([4, 4, 4, 4]);

  const pieces = await RunFolder.create(join(parent, 'pieces'), config);
  const controller = new AbortController();
  const stop = () => controller.abort(new Error('stopped'));
  await expect(run(pieces, { initial, events: { step: stop }, signal: controller.signal })).rejects.toThrow('stopped');
  await rm(path);
  await expect(run(pieces, { weights: undefined })).rejects.toThrow(/state of a run on other frames/);
  await run(pieces);
  expect(await runContents(pieces.path)).toEqual(await runContents(whole.path));

  const fresh = await RunFolder.create(join(parent, 'fresh'), config);
  await run(fresh);
  expect((await runContents(fresh.path)).last.tensors).not.toEqual((await runContents(whole.path)).last.tensors);
});
