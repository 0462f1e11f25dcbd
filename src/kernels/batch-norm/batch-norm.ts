import {
  assign,
  type GradientCall,
  type Lowering,
  type Operation,
  record,
  ShapeError,
  type Tensor,
  type Value,
} from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32, FLOATS, type Operands } from '../../engine/operands.js';
import { formatShape, sameShape, sizeOf, type TensorSpec } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import { combineLanes, partCount } from '../implicit-gemm/row-parts.js';
import { lowerStatistics } from '../implicit-gemm/statistics.js';
import { withNan } from '../nan.js';
import combineGradient from './gradient-combine.wgsl';
import inputGradient from './gradient-input.wgsl';
import gradientSums from './gradient-sums.wgsl';
import normalize from './normalize.wgsl';
import runningStatistic from './running-statistic.wgsl';
import { type Attributes, secondDerivatives } from './second-derivative.js';

export interface BatchNormOptions {
  /** Scale of each channel, [C]. */
  readonly weight: Tensor;
  /** Shift of each channel, [C]. */
  readonly bias: Tensor;
  /**
   * Running mean, [C]: used in inference, moved in training. May be left out in training, and then nothing is tracked.
   */
  readonly runningMean?: Tensor;
  /** Running (unbiased) variance, [C]. Given together with `runningMean`. */
  readonly runningVar?: Tensor;
  /** Whether to normalize with the statistics of this batch and move the running ones towards them. */
  readonly training: boolean;
  /** Share of the new statistics in the running ones. */
  readonly momentum?: number;
  /** Added to the variance. */
  readonly eps?: number;
  /** Applied to the result within the same kernel. */
  readonly activation?: 'relu';
}

const batchNormTakes = signature<BatchNormOptions>(
  'batchNorm',
  { x: kinds.tensor },
  {
    weight: kinds.tensor,
    bias: kinds.tensor,
    runningMean: kinds.optional(kinds.tensor),
    runningVar: kinds.optional(kinds.tensor),
    training: kinds.flag,
    momentum: kinds.optional(kinds.share),
    eps: kinds.optional(kinds.atLeastZero),
    activation: kinds.optional(kinds.oneOf('relu')),
  },
);

/** Uniforms of the kernels that walk over the rows of a part. */
const walkUniforms = uniforms({ size: 'u32', groups: 'u32', parts: 'u32', eps: 'f32' });
const combineUniforms = uniforms({ groups: 'u32', parts: 'u32', share: 'f32' });
const runningUniforms = uniforms({ channels: 'u32', momentum: 'f32', scale: 'f32' });

const CHANNEL_OPERANDS: Operands = { weight: F32, bias: F32, runningMean: F32, runningVar: F32 };
const OPERANDS: Operands = { x: FLOATS, ...CHANNEL_OPERANDS };

/**
 * Batch normalization over the last axis: y = (x − mean) / √(variance + eps) · weight + bias for each channel, with the
 * conventions of `torch.nn.functional.batch_norm`: training normalizes with the biased variance of the batch and moves
 * the running variance towards the unbiased one.
 *
 * @param x [..., C], of rank 2 or more, f32 or f16. Statistics, weight and bias are f32 in any case.
 * @returns The shape and type of `x`.
 * @throws ShapeError where `x` or a channel tensor has another shape, where running statistics are missing in
 * inference, or where training has a single value per channel.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  batchNormTakes(arguments);
  const { weight, bias, runningMean, runningVar, training, momentum = 0.1, eps = 1e-5, activation } = options;
  if ((runningMean === undefined) !== (runningVar === undefined)) {
    throw new ShapeError('batchNorm: runningMean and runningVar come together; give both or neither.');
  }
  const attributes = { training, eps, relu: activation === 'relu' };
  if (!training) {
    if (!runningMean || !runningVar) {
      throw new ShapeError('batchNorm: inference (training: false) needs runningMean and runningVar; give both.');
    }
    return record(batchNormInference, [x, weight, bias, runningMean, runningVar], attributes)[0];
  }
  const [y, mean, variance] = record(batchNormTraining, [x, weight, bias], attributes);
  if (runningMean && runningVar) {
    const rows = x.size / mean.size;
    assign(runningMean, record(moveRunning, [runningMean, mean], { momentum, scale: 1 })[0]);
    assign(runningVar, record(moveRunning, [runningVar, variance], { momentum, scale: rows / (rows - 1) })[0]);
  }
  return y;
}

/** Inputs x, weight, bias; outputs y, mean, biased variance. */
export const batchNormTraining: Operation<Attributes> = {
  name: 'batchNorm',
  operands: OPERANDS,

  shape([x, ...channelTensors]) {
    const channel = checkChannels(x, channelTensors);
    const rows = sizeOf(x.shape) / channel.shape[0];
    if (rows < 2) {
      throw new ShapeError(
        `batchNorm: training needs more than 1 value per channel, x is ${formatShape(x.shape)}; ` +
          'use a larger batch or image, or training: false.',
      );
    }
    return [x, channel, channel];
  },

  lower(lowering, [x, weight, bias], [y, mean, variance], attributes) {
    lowerStatistics(lowering, x, mean, variance);
    dispatchNormalize(lowering, [x, weight, bias, mean, variance, y], attributes);
  },

  /** A getter, since it is defined below. */
  get afterStatistics() {
    return batchNormInference as Operation;
  },

  gradient(call) {
    const [, mean, variance] = call.outputs;
    return inputGradients(call, mean, variance);
  },
};

/**
 * Inputs a running statistic and the batch's; output the running statistic, moved. One node for each, apart from the
 * normalization, so that neither assignment outdates what another result still has to be computed from.
 */
const moveRunning: Operation<{ readonly momentum: number; readonly scale: number }> = {
  name: 'batchNormRunning',
  operands: { running: F32, batch: F32 },

  shape([running, batch]) {
    if (!sameShape(running.shape, batch.shape)) {
      throw new ShapeError(
        `batchNorm: a running statistic is ${formatShape(running.shape)}; it must be ${formatShape(batch.shape)}.`,
      );
    }
    return [running];
  },

  lower(lowering, [, batch], [running], { momentum, scale }) {
    const channels = sizeOf(running.shape);
    lowering.dispatch({
      label: 'batchNorm.running',
      ...kernel(runningStatistic, { uniforms: runningUniforms({ channels, momentum, scale }) }),
      bindings: [batch, running],
      writes: [1],
      workgroups: linearGrid(channels),
      flops: 4 * channels,
    });
  },

  updates: () => [[0, 0]],
};

/** Inputs x, weight, bias, running mean and variance; output y. */
export const batchNormInference: Operation<Attributes> = {
  name: 'batchNorm',
  operands: OPERANDS,

  shape([x, ...channelTensors]) {
    checkChannels(x, channelTensors);
    return [x];
  },

  lower(lowering, [x, weight, bias, mean, variance], [y], attributes) {
    dispatchNormalize(lowering, [x, weight, bias, mean, variance, y], attributes);
  },

  gradient(call) {
    const [, , , mean, variance] = call.inputs;
    return [...inputGradients(call, mean, variance), undefined, undefined];
  },
};

function dispatchNormalize(lowering: Lowering, bindings: readonly Value[], { eps, relu }: Attributes): void {
  const { rows, groups, width, vector, stored } = channelGroups(bindings[0]);
  const parts = partCount(lowering, rows, groups);
  lowering.dispatch({
    label: relu ? 'batchNorm.normalizeRelu' : 'batchNorm.normalize',
    ...kernel(withNan(normalize, vector), {
      constants: { VECTOR: vector, STORED: stored, WIDTH: width, RELU: relu },
      uniforms: walkUniforms({ size: rows * groups, groups, parts, eps }),
    }),
    bindings,
    writes: [5],
    workgroups: linearGrid(parts * groups),
    flops: 3 * sizeOf(bindings[0].shape),
  });
}

/** Gradients by x, weight and bias: with x̂ the normalized input and dz = dy (where the ReLU, if any, lets it through),
 *     dbias = Σ dz,  dweight = Σ dz·x̂,
 *     dx = weight / √(variance + eps) · (dz − mean(dz) − x̂·mean(dz·x̂))   in training,
 *     dx = weight / √(variance + eps) · dz                                in inference.
 */
function inputGradients(call: GradientCall<Attributes>, mean: Tensor, variance: Tensor): (Tensor | undefined)[] {
  const [x, weight, bias] = call.inputs;
  const [dy] = call.outputGradients;
  if (!dy) return [undefined, undefined, undefined];
  return record(batchNormGradient, [x, dy, weight, bias, mean, variance], call.attributes);
}

/** Inputs x, dy, weight, bias, mean, variance; outputs dx, dweight, dbias. */
const batchNormGradient: Operation<Attributes> = {
  name: 'batchNormGradient',
  operands: { x: FLOATS, dy: FLOATS, ...CHANNEL_OPERANDS },

  shape: ([x, , weight, bias]) => [x, weight, bias],

  lower(lowering, [x, dy, weight, bias, mean, variance], [dx, dweight, dbias], { training, eps, relu }) {
    const { rows, groups, width, vector, stored } = channelGroups(x);
    const parts = partCount(lowering, rows, groups);
    const partials = lowering.scratch([2, parts, groups * width]);
    const shares = lowering.scratch([2, groups * width]);
    const variant = { VECTOR: vector, WIDTH: width };
    const walk = walkUniforms({ size: rows * groups, groups, parts, eps });
    lowering.dispatch({
      label: 'batchNorm.gradientSums',
      ...kernel(withNan(gradientSums, vector), {
        constants: { ...variant, STORED: stored, RELU: relu },
        uniforms: walk,
      }),
      bindings: [x, dy, mean, variance, partials, ...(relu ? [weight, bias] : [])],
      writes: [4],
      workgroups: linearGrid(parts * groups),
      flops: 4 * sizeOf(x.shape),
    });
    const lanes = combineLanes(lowering, parts);
    lowering.dispatch({
      label: 'batchNorm.combineGradient',
      ...kernel(combineGradient, {
        constants: { ...variant, LANES: lanes, PARALLEL: lanes > 1 },
        uniforms: combineUniforms({ groups, parts, share: 1 / rows }),
      }),
      bindings: [partials, dweight, dbias, shares],
      writes: [1, 2, 3],
      workgroups: linearGrid(groups, 1),
    });
    lowering.dispatch({
      label: 'batchNorm.gradientInput',
      ...kernel(withNan(inputGradient, vector), {
        constants: { ...variant, STORED: stored, RELU: relu, TRAINING: training },
        uniforms: walk,
      }),
      bindings: [x, dy, weight, mean, variance, shares, dx, ...(relu ? [bias] : [])],
      writes: [6],
      workgroups: linearGrid(parts * groups),
      flops: 6 * sizeOf(x.shape),
    });
  },

  gradient(call) {
    const { byX, byDy, byWeight } = secondDerivatives(call);
    return [byX, byDy, byWeight, undefined, undefined, undefined];
  },
};

/** Throws unless every channel tensor is [C] for x = [..., C]; returns the spec of a channel tensor. */
function checkChannels(x: TensorSpec, channelTensors: readonly TensorSpec[]): TensorSpec {
  if (x.shape.length < 2) {
    throw new ShapeError(
      `batchNorm: x needs a batch axis and a channel axis, it is ${formatShape(x.shape)}; reshape it to [rows, channels].`,
    );
  }
  const channels = x.shape[x.shape.length - 1];
  const names = ['weight', 'bias', 'runningMean', 'runningVar'];
  for (const [index, { shape }] of channelTensors.entries()) {
    if (shape.length !== 1 || shape[0] !== channels) {
      throw new ShapeError(
        `batchNorm: ${names[index]} is ${formatShape(shape)}, x has ${channels} channels in its last axis ` +
          `(shape ${formatShape(x.shape)}); give ${names[index]} the shape [${channels}].`,
      );
    }
  }
  return { shape: [channels], dtype: 'f32' };
}
