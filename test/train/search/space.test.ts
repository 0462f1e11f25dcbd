import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/train/index.js';
import { formatDistribution, internalValue, parseDistribution } from '../../../src/train/search/distribution.js';
import {
  checkSpace,
  configOf,
  defaultSpace,
  fixedSettings,
  loadSpace,
  parseSpace,
} from '../../../src/train/search/space.js';
import { temporaryFolder } from '../dataset/temporary.js';

const config = resolveConfig({});

describe('defaultSpace', () => {
  test('is what the paper searched: learning rate, λ, σ and gradient norm', () => {
    const space = defaultSpace(config);
    expect(Object.keys(space)).toEqual(['optimizer.learningRate', 'loss.lambda', 'loss.sigma', 'optimizer.clipNorm']);
    // What the paper found lies within.
    for (const [name, found] of Object.entries({
      'optimizer.learningRate': 5.352137134504593e-5,
      'loss.lambda': 3.732135829310275,
      'loss.sigma': 2.3022166650613793,
      'optimizer.clipNorm': 0.7221588712934679,
    })) {
      expect(internalValue(space[name], found)).toBe(found);
    }
    checkSpace(space, config);
  });

  test('leaves out what the configuration does not have', () => {
    const heatmap = resolveConfig({ model: { architecture: 'u-net' } });
    const space = defaultSpace(heatmap);
    expect(Object.keys(space)).toEqual(['optimizer.learningRate', 'loss.sigma', 'optimizer.clipNorm']);
    checkSpace(space, heatmap);
  });
});

test('configs/search-space.json is the default, to be edited', async () => {
  const file = fileURLToPath(new URL('../../../configs/search-space.json', import.meta.url));
  expect(await loadSpace(file)).toEqual(defaultSpace(config));
});

describe('parseSpace', () => {
  test('fills in what is not said, and ends a range at its last step', () => {
    const space = parseSpace(
      JSON.stringify({
        'training.batchSize': { type: 'int', low: 2, high: 15, step: 4 },
        'augmentation.rotation': { type: 'float', low: 0, high: 0.35, step: 0.1 },
        'optimizer.learningRate': { type: 'float', low: 1e-5, high: 1e-3, log: true },
        'model.grid': { type: 'categorical', choices: ['linspace', 'pixel-centre'] },
      }),
    );
    expect(space).toEqual({
      'training.batchSize': { type: 'int', low: 2, high: 14, step: 4, log: false },
      'augmentation.rotation': { type: 'float', low: 0, high: 0.3, step: 0.1, log: false },
      'optimizer.learningRate': { type: 'float', low: 1e-5, high: 1e-3, step: null, log: true },
      'model.grid': { type: 'categorical', choices: ['linspace', 'pixel-centre'] },
    });
  });

  const float = { type: 'float', low: 1, high: 2 };
  test.each([
    ['{', 'f: this is not JSON'],
    ['[]', 'f: the search space: give an object in braces: a distribution for each setting.'],
    ['{}', 'f: the search space: give at least one setting to search.'],
    [{ x: { ...float, type: 'normal' } }, 'f: x.type: give a type: "float", "int" or "categorical".'],
    [{ x: { type: 'float', high: 2 } }, 'f: x.low: give the smallest value, a number.'],
    [{ x: { ...float, low: 3 } }, 'f: x: give low no larger than high.'],
    [{ x: { ...float, low: 0, log: true } }, 'f: x: give low above 0 where log is true.'],
    [{ x: { ...float, log: true, step: 0.1 } }, 'f: x: give either log or step, not both.'],
    [{ x: { ...float, step: -1 } }, 'f: x.step: give a number above 0, or nothing at all.'],
    [{ x: { ...float, lowest: 1 } }, 'f: x: lowest is no part of a distribution; remove it.'],
    [{ x: { type: 'int', low: 0.5, high: 3 } }, 'f: x.low: give a whole number.'],
    [{ x: { type: 'int', low: 0, high: 3, log: true } }, 'f: x: give low of at least 1 where log is true.'],
    [{ x: { type: 'categorical', choices: [] } }, 'f: x.choices: give at least one choice.'],
    [{ x: { type: 'categorical', choices: ['a', 'a'] } }, 'f: x.choices: give choices that differ.'],
  ])('refuses %j by name', (space, message) => {
    expect(() => parseSpace(typeof space === 'string' ? space : JSON.stringify(space), 'f')).toThrow(message);
  });

  test('reads files, and says which is missing', async () => {
    const file = join(await temporaryFolder(), 'space.json');
    await expect(loadSpace(file)).rejects.toThrow(`${file}: the file cannot be read (ENOENT); check its path.`);
    await writeFile(file, JSON.stringify({ 'loss.sigma': { type: 'float', low: 1, high: 2 } }));
    expect(Object.keys(await loadSpace(file))).toEqual(['loss.sigma']);
  });
});

describe('checkSpace', () => {
  test.each([
    [
      { 'optimizer.learnRate': { type: 'float', low: 1, high: 2 } },
      /optimizer\.learnRate is not a setting; did you mean/,
    ],
    [{ 'loss.lambda': { type: 'float', low: 1, high: 1e7 } }, /loss\.lambda is 10000000; give a number from 0 to/],
    [
      { 'model.grid': { type: 'categorical', choices: ['linspace', 'corner'] } },
      /model\.grid is "corner"; give one of/,
    ],
    [
      { 'training.batchSize': { type: 'float', low: 1.5, high: 8 } },
      /training\.batchSize is 1\.5; give a whole number/,
    ],
  ])('says which end of %j the configuration does not take', (space, message) => {
    const check = () => checkSpace(parseSpace(JSON.stringify(space)), config);
    expect(check).toThrow(/^search space: /);
    expect(check).toThrow(message);
  });
});

test('configOf puts parameters in their places and leaves the rest', () => {
  const changed = configOf(config, {
    'loss.sigma': 1.5,
    'optimizer.clipNorm': null,
    'augmentation.blur.probability': 0,
  });
  expect(changed).toEqual({
    ...config,
    loss: { ...config.loss, sigma: 1.5 },
    optimizer: { ...config.optimizer, clipNorm: null },
    augmentation: { ...config.augmentation, blur: { ...config.augmentation.blur, probability: 0 } },
  });
});

test('fixedSettings are all settings but those that are searched', () => {
  const settings = fixedSettings(config, defaultSpace(config));
  expect(settings['training.epochs']).toBe(66);
  expect(settings['augmentation.blur.sigma']).toEqual([0.1, 2]);
  expect(settings).not.toHaveProperty(['loss.sigma']);
});

test("distributions go to Optuna's text and back", () => {
  const space = {
    ...defaultSpace(config),
    ...parseSpace(
      '{"a":{"type":"int","low":1,"high":8,"log":true},"b":{"type":"categorical","choices":[null,true,3,"x"]}}',
    ),
  };
  for (const distribution of Object.values(space)) {
    expect(parseDistribution(formatDistribution(distribution))).toEqual(distribution);
  }
  expect(formatDistribution(space.a)).toBe(
    '{"name":"IntDistribution","attributes":{"low":1,"high":8,"log":true,"step":1}}',
  );
  expect(() => parseDistribution('{"name":"UniformDistribution","attributes":{"low":0,"high":1}}')).toThrow();
});
