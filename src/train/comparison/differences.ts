import type { TrainingConfig } from '../config/index.js';
import { percent } from '../metrics/percent.js';
import { quantisationOf } from './summary.js';

/** The paper's frames, px, and cells along a side of its heatmaps. */
const PAPER_FRAME = 512;
const PAPER_CELLS = 64;
/** Poolings of the paper's U-Net. */
const PAPER_POOLINGS = 4;

export interface ComparedConfig {
  /** As the statements call the model. */
  readonly title: string;
  readonly config: TrainingConfig;
  /** Along a side of its heatmaps. */
  readonly cells: number;
}

/**
 * In what a comparison differs from the paper's, as far as it bears on the order of U-Net and Deep-UNet: a sentence
 * each.
 */
export function differencesFromPaper(models: readonly ComparedConfig[]): string[] {
  return [...coarseCells(models), ...augmentedBaseline(models), ...wideView(models)];
}

function coarseCells(models: readonly ComparedConfig[]): string[] {
  const read = models.map(({ title, config, cells }) => ({ title, error: quantisationOf(config, cells) }));
  const fine = quantisationOf({ model: { decoding: 'argmax' } }, PAPER_CELLS);
  const coarse = read.filter(({ error }) => error > 1.01 * fine);
  if (coarse.length === 0) return [];
  const errors = [...new Set(coarse.map(({ error }) => error.toFixed(1)))].join(' or ');
  return [
    `Points of ${listed(coarse.map(({ title }) => title))} are read from whole cells of heatmaps so coarse that even the right cell ` +
      `is ${errors} px off on average, ${fine.toFixed(1)} px in the paper; what else sets models apart is partly hidden by that.`,
  ];
}

function augmentedBaseline(models: readonly ComparedConfig[]): string[] {
  const augmented = models.filter(({ config }) => config.model.architecture === 'u-net' && config.augmentation.enabled);
  if (augmented.length === 0) return [];
  return [
    `${listed(augmented.map(({ title }) => title))} is trained with augmentation; the paper’s U-Net is the challenge’s baseline, ` +
      'whose recipe has none (on small phantoms that does not change the order: docs/method.md).',
  ];
}

function wideView(models: readonly ComparedConfig[]): string[] {
  return models.flatMap(({ title, config: { model } }) => {
    if (model.architecture !== 'u-net') return [];
    const paper = viewOf(PAPER_POOLINGS) / PAPER_FRAME;
    const here = viewOf(model.depth) / model.inputSize;
    if (here < 1.2 * paper) return [];
    const part = here >= 1 ? 'the whole of its frames' : `${percent(here, 0)} of the width of its frames`;
    return [
      `A point of ${title}’s heatmaps depends on ${viewOf(model.depth)} px around it, ${part} of ${model.inputSize} px; in the paper ` +
        `on ${percent(paper, 0)} of the width, where a deeper network gains by what it sees beyond (a small U-Net with so narrow a view errs ` +
        'more than twice as far: docs/method.md).',
    ];
  });
}

/**
 * Width in px of what an output of a U-Net depends on. With d poolings: 1 + 4·(2⁰ + … + 2ᵈ) for the double 3×3
 * convolutions on the way down, 2⁰ + … + 2ᵈ⁻¹ for the poolings and 4·(2⁰ + … + 2ᵈ⁻¹) for the convolutions on the way
 * up, which is 13·2ᵈ − 8.
 */
function viewOf(poolings: number): number {
  return 13 * 2 ** poolings - 8;
}

const listed = (titles: readonly string[]) => new Intl.ListFormat('en-GB').format(titles);
