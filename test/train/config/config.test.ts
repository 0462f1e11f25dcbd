import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseConfig, resolveConfig } from '../../../src/train/config/index.js';

/** The problems that `resolveConfig` finds. */
function problems(settings: unknown): readonly string[] {
  try {
    resolveConfig(settings);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** Paths of all settings, without the sections. */
function paths(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === 'object' && member !== null && !Array.isArray(member) && Object.keys(member).length > 0
      ? paths(member, `${prefix}${key}.`)
      : [`${prefix}${key}`],
  );
}

describe('resolveConfig', () => {
  it("fills in the paper's settings", () => {
    const config = resolveConfig({});
    expect(config.model).toEqual({
      architecture: 'dsnt-deep-unet',
      preset: 'stride',
      base: 64,
      depth: 7,
      inputSize: 512,
      inChannels: 1,
      grid: 'linspace',
      decoding: 'dsnt',
    });
    expect(config.loss).toEqual({
      name: 'keypoint',
      lambda: 3.732135829310275,
      sigma: 2.3022166650613793,
      reduction: 'sum-per-image',
      regularizer: 'kl',
      target: 'unnormalised',
    });
    expect(config.optimizer).toEqual({
      name: 'adam',
      learningRate: 5.352137134504593e-5,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      clipNorm: 0.7221588712934679,
      learningRateFactors: {},
    });
    expect(config.schedule).toEqual({
      name: 'plateau',
      factor: 0.5,
      patience: 10,
      threshold: 1e-4,
      minLearningRate: 0,
    });
    expect(config.training).toEqual({
      epochs: 66,
      batchSize: 8,
      accumulate: 1,
      recompute: false,
      precision: 'f32',
      matrixUnits: true,
      seed: 0,
      freeze: [],
      emaDecay: null,
      earlyStopPatience: 20,
      divergencePatience: 10,
      selectBy: 'apd',
    });
  });

  it('keeps what is given and completes the rest', () => {
    const config = resolveConfig({ model: { base: 8 }, augmentation: { blur: { probability: 0 } } });
    expect(config.model.base).toBe(8);
    expect(config.model.depth).toBe(7);
    expect(config.augmentation.blur).toEqual({ probability: 0, sigma: [0.1, 2] });
  });

  it('changes nothing the second time', () => {
    const some = fc.record(
      {
        model: fc.record({ base: fc.integer({ min: 1, max: 256 }), preset: fc.constantFrom('stride', 'pool') }),
        optimizer: fc.oneof(
          fc.record({ name: fc.constant('sgd'), momentum: fc.double({ min: 0, max: 1, noNaN: true }) }),
          fc.record({ clipNorm: fc.constantFrom(null, 1) }),
        ),
        schedule: fc.constantFrom({ name: 'constant' }, { patience: 3 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(some, (settings) => {
        expect(resolveConfig(resolveConfig(settings))).toEqual(resolveConfig(settings));
      }),
    );
  });

  it('gives an optimizer and a schedule the settings of their name only', () => {
    expect(resolveConfig({ optimizer: { name: 'sgd' } }).optimizer).toEqual({
      name: 'sgd',
      learningRate: 5.352137134504593e-5,
      weightDecay: 0,
      clipNorm: 0.7221588712934679,
      learningRateFactors: {},
      momentum: 0,
    });
    expect(resolveConfig({ schedule: { name: 'constant' } }).schedule).toEqual({ name: 'constant' });
    expect(problems({ optimizer: { momentum: 0.9 } })).toEqual([
      'optimizer.momentum is not a setting; optimizer has name, learningRate, weightDecay, clipNorm, learningRateFactors, betas, eps.',
    ]);
    expect(problems({ optimizer: { name: 'sgd', betas: [0, 0] } })).toEqual([
      'optimizer.betas is not a setting; optimizer has name, learningRate, weightDecay, clipNorm, learningRateFactors, momentum.',
    ]);
  });

  it('gives a network the settings of its architecture only', () => {
    expect(resolveConfig({ model: { architecture: 'u-net' } }).model).toEqual({
      architecture: 'u-net',
      base: 64,
      depth: 4,
      inputSize: 512,
      inChannels: 3,
      grid: 'pixel-centre',
      decoding: 'argmax',
    });
    expect(problems({ model: { architecture: 'u-net', preset: 'pool' } })).toEqual([
      'model.preset is not a setting; model has architecture, base, inputSize, grid, decoding, depth, inChannels.',
    ]);
    expect(resolveConfig({ model: { architecture: 'u-net', inChannels: 1 } }).model.inChannels).toBe(1);
  });

  it('trains and reads a network as it is customary for it, unless told otherwise', () => {
    const settingsOf = (settings: unknown) => {
      const { model, loss } = resolveConfig(settings);
      return [model.grid, model.decoding, loss.name, loss.sigma];
    };
    const heatmap = ['pixel-centre', 'argmax', 'heatmap', 2];
    expect(settingsOf({ model: { architecture: 'u-net' } })).toEqual(heatmap);
    expect(settingsOf({ model: { architecture: 'deep-unet' } })).toEqual(heatmap);
    expect(settingsOf({ model: { architecture: 'deep-unet', decoding: 'argmax-biased' }, loss: { sigma: 1 } })).toEqual(
      ['pixel-centre', 'argmax-biased', 'heatmap', 1],
    );
    expect(settingsOf({ model: { architecture: 'u-net' }, loss: { name: 'keypoint' } })).toEqual([
      'linspace',
      'dsnt',
      'keypoint',
      2.3022166650613793,
    ]);
    // What a setting of one loss means to the other loss is an error, not silence.
    expect(problems({ model: { architecture: 'u-net' }, loss: { lambda: 1 } })).toEqual([
      'loss.lambda is not a setting; loss has name, sigma.',
    ]);
  });

  it('reads a configuration from before there were several networks', () => {
    const { name, ...loss } = resolveConfig({}).loss;
    const { decoding, ...model } = resolveConfig({}).model;
    expect(resolveConfig({ model, loss })).toEqual(resolveConfig({}));
  });

  it.each([
    [{ modle: {} }, 'modle is not a setting; did you mean model?'],
    [{ model: { bas: 8 } }, 'model.bas is not a setting; did you mean model.base?'],
    [{ training: { batch_size: 8 } }, 'training.batch_size is not a setting; did you mean training.batchSize?'],
    [{ learningRate: 1 }, 'learningRate is not a setting; did you mean optimizer.learningRate?'],
    [{ training: { 'clip-norm': 1 } }, 'training.clip-norm is not a setting; did you mean optimizer.clipNorm?'],
    [
      { augmentation: { blur: { sigmas: 1 } } },
      'augmentation.blur.sigmas is not a setting; did you mean augmentation.blur.sigma?',
    ],
    [
      { zebra: 1 },
      'zebra is not a setting; the configuration has model, loss, optimizer, schedule, training, augmentation.',
    ],
  ])('names an unknown setting and the nearest known one: %j', (settings, problem) => {
    expect(problems(settings)).toEqual([problem]);
  });

  it.each([
    [{ model: { base: 0 } }, 'model.base is 0; give a whole number from 1 to 256.'],
    [{ model: { base: 8.5 } }, 'model.base is 8.5; give a whole number from 1 to 256.'],
    [{ model: { base: '64' } }, 'model.base is "64"; give a whole number from 1 to 256.'],
    [{ model: { depth: 8 } }, 'model.depth is 8; give a whole number from 3 to 7.'],
    [{ model: { inChannels: 2 } }, 'model.inChannels is 2; give 1, or 3 for grey frames repeated three times.'],
    [{ model: { preset: 'strides' } }, 'model.preset is "strides"; give one of "stride", "pool", "full".'],
    [{ model: { decoding: 'index' } }, 'model.decoding is "index"; give one of "dsnt", "argmax", "argmax-biased".'],
    [{ model: 64 }, 'model is 64; give an object in braces.'],
    [
      { model: { architecture: 'unet' } },
      'model.architecture is "unet"; give one of "dsnt-deep-unet", "deep-unet", "u-net".',
    ],
    [
      { loss: { name: 'heatmap' } },
      'loss.name is "heatmap"; give "keypoint" for architecture "dsnt-deep-unet", or train "deep-unet".',
    ],
    [
      { model: { architecture: 'deep-unet' }, loss: { name: 'keypoint' } },
      'loss.name is "keypoint"; give "heatmap" for architecture "deep-unet", or train "dsnt-deep-unet".',
    ],
    [{ loss: 3 }, 'loss is 3; give an object in braces.'],
    [{ loss: { sigma: 0 } }, 'loss.sigma is 0; give a number above 0, up to 64.'],
    [{ optimizer: { name: 'lion' } }, 'optimizer.name is "lion"; give one of "adam", "adamw", "sgd".'],
    [{ optimizer: { betas: [0.9] } }, 'optimizer.betas is [0.9]; give two numbers, each at least 0 and below 1.'],
    [{ optimizer: { betas: [0.9, 1] } }, 'optimizer.betas.1 is 1; give a number of at least 0 and below 1.'],
    [
      { optimizer: { clipNorm: 0 } },
      'optimizer.clipNorm is 0; give a number above 0, up to 1000000000, or null for no clipping.',
    ],
    [{ optimizer: 'adam' }, 'optimizer is "adam"; give an object in braces.'],
    [{ optimizer: [] }, 'optimizer is []; give an object in braces.'],
    [{ schedule: null }, 'schedule is null; give an object in braces.'],
    [{ schedule: { factor: 1 } }, 'schedule.factor is 1; give a number from 0.001 to 0.999.'],
    [
      { training: { earlyStopPatience: 'never' } },
      'training.earlyStopPatience is "never"; give a whole number from 1 to 100000, or null to train all epochs.',
    ],
    [{ augmentation: { enabled: 1 } }, 'augmentation.enabled is 1; give true or false.'],
    [
      { augmentation: { blur: { sigma: [2, 1] } } },
      'augmentation.blur.sigma is [2,1]; give two numbers from 0 to 16, the smaller first.',
    ],
    [[], 'the configuration is []; give an object in braces.'],
    [null, 'the configuration is null; give an object in braces.'],
  ])('names a wrong setting, its value and what is allowed: %j', (settings, problem) => {
    expect(problems(settings)).toEqual([problem]);
  });

  it('reports all problems at once', () => {
    expect(problems({ model: { base: 0, depht: 7 }, loss: { sigma: -1 } })).toHaveLength(3);
    expect(() => resolveConfig({ model: { base: 0 }, loss: { sigma: -1 } }, 'a.json')).toThrow(
      /^a\.json:\n {2}model\.base is 0.*\n {2}loss\.sigma is -1/,
    );
  });

  it('says nothing but a ConfigError to anything that JSON can hold', () => {
    const json = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom('model', 'loss', 'optimizer', 'schedule', 'training', 'augmentation'),
        fc.jsonValue(),
      ),
    );
    fc.assert(fc.property(json, (settings) => void problems(settings)));
  });
});

describe('parseConfig', () => {
  it('refuses what is not JSON and says where it stood', () => {
    expect(() => parseConfig('{"model": {', 'half.json')).toThrow(ConfigError);
    expect(() => parseConfig('{"model": {', 'half.json')).toThrow(/^half\.json: this is not JSON \(/);
  });
});

describe('loadConfig', () => {
  it('refuses a file that is not there', async () => {
    await expect(loadConfig('configs/absent.json')).rejects.toThrow(
      'configs/absent.json: the file cannot be read (ENOENT); check its path.',
    );
  });

  // A search space names settings and their ranges; it is no configuration.
  const configurations = readdirSync('configs').filter(
    (file) => file.endsWith('.json') && file !== 'search-space.json',
  );
  it.each(configurations)('reads configs/%s', async (file) => {
    await expect(loadConfig(`configs/${file}`)).resolves.toBeDefined();
  });
});

describe('configs/', () => {
  it('paper.json writes out every setting, and each is the default', () => {
    const written = JSON.parse(readFileSync('configs/paper.json', 'utf8'));
    expect(written).toEqual(resolveConfig({}));
  });

  it("has the rows of the paper's Table 1, of which the last is the default", async () => {
    const rows = await Promise.all(
      ['u-net', 'deep-unet', 'dsnt-deep-unet'].map((name) => loadConfig(`configs/table-1-${name}.json`)),
    );
    expect(rows.map(({ model }) => model.architecture)).toEqual(['u-net', 'deep-unet', 'dsnt-deep-unet']);
    expect(rows[2]).toEqual(resolveConfig({}));
    // The recipe of the public baseline.
    const [{ model, loss, optimizer, schedule, training, augmentation }] = rows;
    expect(model).toMatchObject({ base: 64, depth: 4, inputSize: 512, inChannels: 3, decoding: 'argmax-biased' });
    expect(loss).toEqual({ name: 'heatmap', sigma: 2 });
    expect(optimizer).toMatchObject({ name: 'adam', learningRate: 1e-4, weightDecay: 1e-4, clipNorm: null });
    expect(schedule).toEqual({ name: 'step', factor: 0.5, every: 15 });
    expect(training).toMatchObject({ epochs: 150, batchSize: 4, earlyStopPatience: null });
    expect(augmentation.enabled).toBe(false);
  });

  it('has each preset, the others alike', async () => {
    for (const preset of ['stride', 'pool', 'full']) {
      expect(await loadConfig(`configs/preset-${preset}.json`)).toEqual(resolveConfig({ model: { preset } }));
    }
  });

  it('has small ones that differ in nothing but the network and how it is trained and read', async () => {
    const [unet, deep, dsnt] = await Promise.all(
      ['u-net', 'deep-unet', 'dsnt-deep-unet'].map((name) => loadConfig(`configs/small-${name}.json`)),
    );
    for (const { model, loss, ...budget } of [unet, deep]) {
      expect({ ...budget, base: model.base, inputSize: model.inputSize, sigma: loss.sigma }).toEqual({
        optimizer: dsnt.optimizer,
        schedule: dsnt.schedule,
        training: dsnt.training,
        augmentation: dsnt.augmentation,
        base: dsnt.model.base,
        inputSize: dsnt.model.inputSize,
        sigma: dsnt.loss.sigma,
      });
    }
  });

  it('README.md names every file and explains every setting of every optimizer and schedule', () => {
    const readme = readFileSync('configs/README.md', 'utf8');
    const every = [
      {},
      { optimizer: { name: 'sgd' } },
      { schedule: { name: 'step' } },
      { model: { architecture: 'deep-unet' } },
      { model: { architecture: 'u-net' } },
    ];
    const all = new Set(every.flatMap((settings) => paths(resolveConfig(settings))));
    for (const path of all) expect(readme, path).toContain(`\`${path}\``);
    const files = readdirSync('configs').filter((name) => name.endsWith('.json'));
    for (const file of files) expect(readme, file).toContain(`\`${file}\``);
  });
});
