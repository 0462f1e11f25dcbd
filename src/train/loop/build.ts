import { Adam, AdamW, type Optimizer, SGD, type Tensor } from '../../index.js';
import { heatmapLoss, keypointLoss } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { ReduceOnPlateau, StepDecay } from '../schedule/index.js';

export function buildOptimizer({ optimizer }: TrainingConfig): Optimizer {
  const { weightDecay } = optimizer;
  if (optimizer.name === 'sgd') return new SGD({ momentum: optimizer.momentum, weightDecay });
  const { betas, eps } = optimizer;
  return optimizer.name === 'adam' ? new Adam({ betas, eps, weightDecay }) : new AdamW({ betas, eps, weightDecay });
}

/** What lowers the learning rate after an epoch, given its validation loss; nothing for a constant one. */
export function buildSchedule({ schedule, optimizer }: TrainingConfig): ReduceOnPlateau | StepDecay | undefined {
  const { learningRate } = optimizer;
  switch (schedule.name) {
    case 'plateau':
      return new ReduceOnPlateau({ ...schedule, learningRate });
    case 'step':
      return new StepDecay({ ...schedule, learningRate });
    case 'constant':
      return undefined;
  }
}

/** What is minimized, and how much of it is left to learn. A type, so that a compiled function may return it. */
export type TrainingLoss = {
  readonly total: Tensor;
  /** The part above the least that it can be for these targets. */
  readonly excess: Tensor;
};

/** The loss of a configuration, of heatmaps [N, h, w, K] and targets [N, K, 2] in coordinates of `model.grid`. */
export function buildLoss({ loss, model }: TrainingConfig): (logits: Tensor, targets: Tensor) => TrainingLoss {
  const { grid } = model;
  if (loss.name === 'heatmap') {
    const { sigma } = loss;
    return (logits, targets) => {
      // A perfect heatmap costs nothing, so all of it is excess.
      const total = heatmapLoss(logits, targets, { sigma, grid });
      return { total, excess: total };
    };
  }
  const { sigma, lambda, reduction } = loss;
  const options = {
    sigma,
    lambda,
    grid,
    reduction,
    divergence: loss.regularizer,
    normalized: loss.target === 'normalised',
  };
  return (logits, targets) => {
    const { total, excess } = keypointLoss(logits, targets, options);
    return { total, excess };
  };
}
