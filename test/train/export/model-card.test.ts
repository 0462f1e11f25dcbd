import { describe, expect, test } from 'vitest';
import { type CardSubject, modelCard } from '../../../src/train/export/model-card.js';
import { resolveConfig } from '../../../src/train/index.js';

const environment = {
  date: '2025-11-22T16:02:00.000Z',
  sonde: '0.1.0',
  commit: null,
  node: 'v20.19.0',
  platform: 'linux x64',
  adapter: 'a GPU',
  software: false,
};

function cardOf(settings: object, subject: Partial<CardSubject> = {}): string {
  return modelCard({
    file: 'model.safetensors',
    bytes: 1e6,
    parameters: 1000,
    half: false,
    config: resolveConfig(settings),
    checkpoint: 'best',
    epoch: 3,
    decoding: 'dsnt',
    facts: { scores: [], datasets: [], corrections: { version: 1, trained: [], inherited: [] } },
    software: environment,
    ...subject,
  });
}

const row = (card: string, name: string) => new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(card)?.[1];
const off = {
  brightness: 0,
  contrast: 0,
  blur: { probability: 0 },
  horizontalFlip: 0,
  verticalFlip: 0,
  rotation: 0,
  translation: 0,
};

describe('the card says of the training what its configuration says', () => {
  const augmentations: readonly (readonly [setting: object, words: string])[] = [
    [{ brightness: 0.25 }, 'brightness ± 25 %'],
    [{ contrast: 0.1 }, 'contrast ± 10 %'],
    [{ blur: { probability: 0.5, sigma: [0.1, 2] } }, 'blur (σ 0.1 to 2) of 50 % of the frames'],
    [{ horizontalFlip: 0.5 }, 'horizontal flips of 50 %'],
    [{ verticalFlip: 0.125 }, 'vertical flips of 12.5 %'],
    [{ rotation: 15 }, 'rotation up to 15°'],
    [{ translation: 10 }, 'translation up to 10 px of a 512 px frame'],
  ];

  test('every augmentation, alone, and beside each other one', () => {
    expect(row(cardOf({ augmentation: off }), 'augmentation')).toBe('none');
    expect(row(cardOf({ augmentation: { enabled: false } }), 'augmentation')).toBe('none');
    for (const [i, [one, words]] of augmentations.entries()) {
      expect(row(cardOf({ augmentation: { ...off, ...one } }), 'augmentation')).toBe(words);
      expect(row(cardOf({ augmentation: { ...off, ...one, enabled: false } }), 'augmentation')).toBe('none');
      for (const [other, more] of augmentations.slice(i + 1)) {
        expect(row(cardOf({ augmentation: { ...off, ...one, ...other } }), 'augmentation')).toBe(`${words}, ${more}`);
      }
    }
    // Drawn, and without effect.
    expect(row(cardOf({ augmentation: { ...off, blur: { probability: 1, sigma: [0, 0] } } }), 'augmentation')).toBe(
      'none',
    );
  });

  test.each<[object, string, RegExp]>([
    [{}, 'architecture', /^DSNT-DeepUNet, preset `stride`, 7 levels, 64 channels at the first$/],
    [
      { model: { architecture: 'deep-unet', preset: 'pool', depth: 4 } },
      'architecture',
      /^Deep-UNet, preset `pool`, 4 levels/,
    ],
    [{ model: { architecture: 'u-net', base: 8 } }, 'architecture', /^U-Net, 4 levels, 8 channels/],
    [{ model: { architecture: 'u-net' } }, 'input', /repeated in three channels$/],
    [{ model: { inChannels: 1 } }, 'input', /^grey frames, 512 × 512 px$/],
    [{}, 'output', /logarithm of a distribution/],
    [{ model: { architecture: 'u-net' } }, 'output', /trained towards Gaussians of peak 1/],
    [{ loss: { name: 'keypoint', lambda: 2, sigma: 3 } }, 'loss', /^keypoint \(λ 2, σ 3\)$/],
    [{ model: { architecture: 'u-net' }, loss: { sigma: 1.5 } }, 'loss', /^heatmap \(σ 1.5\)$/],
    [
      { optimizer: { name: 'sgd', learningRate: 0.5 } },
      'optimizer',
      /^sgd, learning rate 0.5, batches of 8, at most 66 epochs, seed 0$/,
    ],
    [
      { training: { accumulate: 4, batchSize: 2, epochs: 1 } },
      'optimizer',
      /batches of 2, 4 of them a step, at most 1 epoch, /,
    ],
    [
      { training: { precision: 'mixed', emaDecay: 0.9 } },
      'optimizer',
      /mixed precision, moving average of the weights with decay 0.9, seed/,
    ],
  ])('%j: %s', (settings, name, words) => {
    expect(row(cardOf(settings), name)).toMatch(words);
  });
});
