import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, overrideSettings, resolveConfig } from '../../../src/train/config/index.js';

const resolved = (settings: unknown, ...assignments: string[]) =>
  resolveConfig(overrideSettings(settings, assignments));

describe('overrideSettings', () => {
  it('reads numbers, texts, truth values, lists and null, as the setting wants them', () => {
    const config = resolved(
      { training: { epochs: 5, seed: 9 } },
      ...['training.epochs=12', 'model.preset=pool', 'augmentation.enabled=false', 'optimizer.betas=[0.8,0.99]'],
      ...['training.earlyStopPatience=null', 'augmentation.blur.probability=0.25', 'optimizer.learningRate=3e-3'],
    );
    expect(config.training).toMatchObject({ epochs: 12, seed: 9, earlyStopPatience: null });
    expect(config.model).toMatchObject({ preset: 'pool' });
    expect(config.augmentation).toMatchObject({ enabled: false, blur: { probability: 0.25, sigma: [0.1, 2] } });
    expect(config.optimizer).toMatchObject({ betas: [0.8, 0.99], learningRate: 3e-3 });
  });

  it('changes nothing but what is named, and not the settings given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (epochs, seed) => {
        const settings = { training: { epochs: 7, batchSize: 3 }, model: { base: 2 } };
        const before = structuredClone(settings);
        const expected = resolveConfig({ ...settings, training: { ...settings.training, epochs, seed } });
        expect(resolved(settings, `training.epochs=${epochs}`, `training.seed=${seed}`)).toEqual(expected);
        expect(settings).toEqual(before);
      }),
    );
  });

  it('takes the later of two, and whole sections', () => {
    expect(resolved({}, 'training.seed=1', 'training.seed=2').training.seed).toBe(2);
    expect(resolved({}, 'schedule={"name":"step","every":5}').schedule).toEqual({
      name: 'step',
      factor: 0.5,
      every: 5,
    });
  });

  it('leaves behind what another variant of a section does not have, and keeps what it has', () => {
    const settings = {
      schedule: { name: 'plateau', patience: 3, factor: 0.1 },
      optimizer: { learningRate: 0.5, eps: 1e-3 },
    };
    expect(resolved(settings, 'schedule.name=step').schedule).toEqual({ name: 'step', factor: 0.1, every: 15 });
    expect(resolved(settings, 'schedule.name=constant').schedule).toEqual({ name: 'constant' });
    expect(resolved(settings, 'optimizer.name=sgd', 'optimizer.momentum=0.9').optimizer).toMatchObject({
      name: 'sgd',
      learningRate: 0.5,
      momentum: 0.9,
    });
    expect(resolved({}, 'model.architecture=u-net').model).toMatchObject({ architecture: 'u-net', depth: 4 });
    expect(resolved({}, 'model.architecture=deep-unet', 'loss.name=heatmap').loss).toEqual({
      name: 'heatmap',
      sigma: 2,
    });
  });

  it.each([
    [
      'training.batchsize=4',
      /^--set training\.batchsize=4: training\.batchsize is not a setting; did you mean training\.batchSize\?$/,
    ],
    ['trainig.epochs=4', /^--set trainig\.epochs=4: trainig is not a setting; did you mean training\?$/],
    ['epochs=4', /^--set epochs=4: epochs is not a setting; did you mean training\.epochs\?$/],
    ['training.epochs=few', /^--set training\.epochs=few: training\.epochs is "few"; give a whole number from 1 to/],
    ['training.epochs=0', /: training\.epochs is 0; give a whole number from 1/],
    ['training.epochs=', /: training\.epochs is ""; give a whole number/],
    ['training.epochs.x=1', /: training\.epochs is \{"x":1\}; give a whole number/],
    ['training=5', /: training is 5; give an object in braces/],
    ['augmentation.enabled=yes', /: augmentation\.enabled is "yes"; give true or false/],
    [
      'augmentation.blur.sigma=[2,1]',
      /: augmentation\.blur\.sigma is \[2,1\]; give two numbers from 0 to 16, the smaller first/,
    ],
    ['optimizer.momentum=0.9', /: optimizer\.momentum is not a setting; optimizer has name, learningRate/],
    ['optimizer.name=lion', /: optimizer\.name is "lion"; give one of "adam", "adamw", "sgd"/],
    ['__proto__.polluted=1', /: __proto__ is not a setting/],
    [
      'training.epochs',
      /^--set training\.epochs: this is no assignment; give setting=value, as in training\.epochs=3\.$/,
    ],
    ['=3', /this is no assignment/],
    ['training..epochs=3', /this is no assignment/],
  ])('refuses %s by its own name', (assignment, message) => {
    expect(() => overrideSettings({}, ['training.seed=3', assignment])).toThrow(ConfigError);
    expect(() => overrideSettings({}, ['training.seed=3', assignment])).toThrow(message);
    expect({}).not.toHaveProperty('polluted');
  });

  it('blames an assignment for its own mistakes alone', () => {
    const broken = { training: { epochs: 'many' }, loss: { name: 'heatmap' } };
    expect(() => overrideSettings(broken, ['training.seed=3'])).not.toThrow();
    expect(() => resolved(broken, 'training.seed=3')).toThrow(/^configuration: training\.epochs is "many"/);
    const inconsistent = { loss: { name: 'heatmap' } };
    expect(() => overrideSettings(inconsistent, ['training.seed=3'])).not.toThrow();
    expect(() => resolved(inconsistent, 'training.seed=3')).toThrow(
      /^configuration: loss\.name is "heatmap"; give "keypoint"/,
    );
    expect(() => overrideSettings({}, ['loss.name=heatmap'])).toThrow(
      /^--set loss\.name=heatmap: loss\.name is "heatmap"/,
    );
  });
});
