import { type Lowering, type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32, FLOATS } from '../../engine/operands.js';
import { formatShape, sizeOf, type TensorSpec } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { sum } from '../broadcast/index.js';
import { linearGrid } from '../grid.js';
import gradientSource from './gradient.wgsl';
import source from './group-norm.wgsl';
import lanesSource from './lanes.wgsl';
import { type GroupNormAttributes, secondDerivatives } from './second-derivative.js';

export interface GroupNormOptions {
  /** Groups that the channels fall into; a divisor of C. */
  readonly groups: number;
  /** Scale of each channel, [C]. */
  readonly weight: Tensor;
  /** Shift of each channel, [C]. */
  readonly bias: Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

const takes = signature<GroupNormOptions>(
  'groupNorm',
  { x: kinds.tensor },
  {
    groups: kinds.whole(1),
    weight: kinds.tensor,
    bias: kinds.tensor,
    eps: kinds.optional(kinds.atLeastZero),
  },
);

/**
 * Group normalization: y = (x − mean) / √(variance + eps) · weight + bias, with mean and biased variance over all
 * positions and channels of a group of one sample. One group normalizes a sample as a whole, C groups each channel by
 * itself (instance normalization). Counterpart: `torch.nn.functional.group_norm`.
 *
 * @param x [N, …, C], of rank 2 or more, f32 or f16: channels last, as in `batchNorm` and `conv2d`. Neighbouring
 *   channels form a group. Statistics, weight and bias are f32 in any case.
 * @returns The shape and type of `x`.
 * @throws ShapeError where `x` has fewer axes, `groups` does not divide C, or weight or bias is not [C].
 */
export function groupNorm(x: Tensor, options: GroupNormOptions): Tensor {
  takes(arguments);
  const { groups, weight, bias, eps = 1e-5 } = options;
  return record(groupNormOperation, [x, weight, bias], { groups, eps })[0];
}

const groupUniforms = uniforms({
  ...({ samples: 'u32', positions: 'u32', channels: 'u32', groups: 'u32', width: 'u32', eps: 'f32' } as const),
});

/**
 * Inputs x [N, …, C], weight, bias; outputs y, and mean and 1 / √(variance + eps) of each group, [N, groups], for the
 * gradient.
 */
const groupNormOperation: Operation<GroupNormAttributes> = {
  name: 'groupNorm',

  operands: { x: FLOATS, weight: F32, bias: F32 },

  shape([x, weight, bias], { groups }) {
    checkChannels(x, groups, { weight, bias });
    const statistic: TensorSpec = { shape: [x.shape[0], groups], dtype: 'f32' };
    return [x, statistic, statistic];
  },

  lower(lowering, [x, weight, bias], [y, mean, inverse], attributes) {
    dispatchGroups(lowering, 'groupNorm', source, x, { X: x.dtype }, attributes, {
      bindings: [x, weight, bias, y, mean, inverse],
      writes: [3, 4, 5],
      flops: 7 * sizeOf(x.shape),
    });
  },

  gradient({ inputs: [x, weight], outputs: [, mean, inverse], outputGradients: [dy], attributes }) {
    if (!dy) return [];
    const [dx, dweight, dbias] = record(groupNormGradient, [x, dy, weight, mean, inverse], attributes);
    return [dx, sum(dweight, { axes: [0] }), sum(dbias, { axes: [0] })];
  },
};

/** Inputs x, dy, weight, mean, inverse; outputs dx, and the gradients of weight and bias in each sample, [N, C]. */
const groupNormGradient: Operation<GroupNormAttributes> = {
  name: 'groupNorm.gradient',

  operands: { x: FLOATS, dy: FLOATS, weight: F32, mean: F32, inverse: F32 },

  shape([x, , weight]) {
    const each: TensorSpec = { shape: [x.shape[0], ...weight.shape], dtype: 'f32' };
    return [x, each, each];
  },

  lower(lowering, [x, dy, weight, mean, inverse], [dx, dweight, dbias], attributes) {
    dispatchGroups(lowering, 'groupNorm.gradient', gradientSource, x, { X: x.dtype, DY: dy.dtype }, attributes, {
      bindings: [x, dy, weight, mean, inverse, dx, dweight, dbias],
      writes: [5, 6, 7],
      flops: 12 * sizeOf(x.shape),
    });
  },

  gradient: secondDerivatives,
};

/** One workgroup for each group of each sample. */
function dispatchGroups(
  lowering: Lowering,
  label: string,
  template: string,
  x: TensorSpec,
  types: Readonly<Record<string, string>>,
  { groups, eps }: GroupNormAttributes,
  dispatch: Pick<Parameters<Lowering['dispatch']>[0], 'bindings' | 'writes' | 'flops'>,
): void {
  const [samples] = x.shape;
  const channels = x.shape[x.shape.length - 1];
  const positions = sizeOf(x.shape) / (samples * channels);
  const width = channels / groups;
  const lanes = positions * width > 32 ? 64 : 1;
  lowering.dispatch({
    ...dispatch,
    label,
    ...kernel(lanesSource + template, {
      constants: { ...types, LANES: lanes, PARALLEL: lanes > 1 },
      uniforms: groupUniforms({ samples, positions, channels, groups, width, eps }),
    }),
    workgroups: linearGrid(samples * groups, 1),
  });
}

function checkChannels(x: TensorSpec, groups: number, channelTensors: Readonly<Record<string, TensorSpec>>): void {
  if (x.shape.length < 2) {
    throw new ShapeError(
      `groupNorm: x needs a batch axis and a channel axis, it is ${formatShape(x.shape)}; reshape it to [samples, channels].`,
    );
  }
  const channels = x.shape[x.shape.length - 1];
  if (channels % groups !== 0) {
    throw new ShapeError(
      `groupNorm: ${groups} groups do not divide the ${channels} channels in the last axis of x (shape ${formatShape(x.shape)}); ` +
        'give a divisor.',
    );
  }
  for (const [name, { shape }] of Object.entries(channelTensors)) {
    if (shape.length !== 1 || shape[0] !== channels) {
      throw new ShapeError(
        `groupNorm: ${name} is ${formatShape(shape)}, x has ${channels} channels in its last axis (shape ${formatShape(x.shape)}); ` +
          `give ${name} the shape [${channels}].`,
      );
    }
  }
}
