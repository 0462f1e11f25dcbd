import type { Node } from '../../engine/graph.js';
import type { Absorption, Operation } from '../../engine/operation.js';
import { reluOperation } from '../elementwise/elementwise.js';
import type { ConvAttributes } from './geometry.js';
import { gemmVariant, lowerConvolution } from './implicit-gemm.js';

// What follows a convolution, done while its results are still in registers: a ReLU, or the first of the two passes of
// batch normalization in training, which otherwise reads from memory all that the convolution has just written.

/** Outputs y, and mean and biased variance of each of its channels. */
const convWithStatistics: Operation<ConvAttributes> = {
  name: 'conv2d',
  shape: () => [],
  lower(lowering, inputs, [y, mean, variance], attributes) {
    lowerConvolution(lowering, inputs, [y], attributes, { statistics: { mean, variance } });
  },
};

const convWithRelu: Operation<ConvAttributes> = {
  name: 'conv2d',
  shape: () => [],
  lower(lowering, inputs, outputs, attributes) {
    lowerConvolution(lowering, inputs, outputs, attributes, { relu: true });
  },
};

/** What a convolution takes over from an operation on its result, where its kernel is one of those that can. */
export function absorbByConvolution({ own, consumer, lowering, sole }: Absorption): readonly Node[] | undefined {
  const attributes = own.attributes as ConvAttributes;
  const [y] = own.specs;
  const variant = gemmVariant(lowering, y, own.inputs[1].shape, attributes);
  if (variant === 'lanes' || variant === 'winograd') return undefined;
  // On a CPU it saves little, and the longer kernel takes half as long again to compile: there only for who asks for
  // the kernel.
  if (lowering.adapter.software && attributes.variant === undefined) return undefined;
  // Measurements are of the convolution alone, and looked up by what it is: the choice is taken along.
  const chosen = { ...attributes, variant };
  if (consumer.operation === reluOperation && sole) {
    const { outputs } = consumer;
    return [{ ...own, operation: convWithRelu as Operation, attributes: chosen, outputs }];
  }
  const { afterStatistics } = consumer.operation;
  if (!afterStatistics || consumer.inputs[0] !== own.outputs[0]) return undefined;
  const [normalized, ...statistics] = consumer.outputs;
  const [normalizedSpec, ...statisticsSpecs] = consumer.specs;
  return [
    {
      ...own,
      ...{ operation: convWithStatistics as Operation, attributes: chosen },
      ...{ outputs: [own.outputs[0], ...statistics], specs: [y, ...statisticsSpecs] },
    },
    {
      ...consumer,
      ...{ operation: afterStatistics, inputs: [...consumer.inputs, ...statistics] },
      ...{ outputs: [normalized], specs: [normalizedSpec] },
    },
  ];
}
