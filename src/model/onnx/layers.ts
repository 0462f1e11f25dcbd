/**
 * Operations of the engine as ONNX nodes. Images are [N, H, W, C] here and [N, C, H, W] there, kernels [a, kH, kW, b]
 * and [a, b, kH, kW]; everything else has the same meaning on both sides.
 */
import { castOperation } from '../../engine/basic-operations.js';
import type { Node } from '../../engine/graph.js';
import type { Operation, Tensor } from '../../engine/index.js';
import { batchNormInference } from '../../kernels/batch-norm/batch-norm.js';
import { convTranspose2dOperation } from '../../kernels/conv-transpose2d/conv-transpose2d.js';
import { conv2dOperation } from '../../kernels/conv2d/conv2d.js';
import { concatOperation } from '../../kernels/movement/movement.js';
import { maxPoolOperation } from '../../kernels/pool2d/max-pool2d.js';
import type { ResizeAxis } from '../../kernels/resize2d/axis.js';
import { resizeOperations } from '../../kernels/resize2d/resize2d.js';
import { OnnxError } from './errors.js';
import type { GraphBuilder, ValueName } from './graph-builder.js';

/** A recorded operation, its inputs already in the graph. */
interface Call<Attributes> {
  readonly graph: GraphBuilder;
  /** What the nodes' names begin with: where in the network the operation stands. */
  readonly name: string;
  readonly inputs: readonly ValueName[];
  /** The inputs in the engine, for their shapes. */
  readonly tensors: readonly Tensor[];
  readonly attributes: Attributes;
}

type Rule = (call: Call<unknown>) => ValueName;

function rule<Attributes>(
  operation: Operation<Attributes>,
  convert: (call: Call<Attributes>) => ValueName,
): readonly [Operation, Rule] {
  // A node's attributes are those of its operation.
  return [operation as Operation, convert as Rule];
}

type Pair = readonly [number, number];

/** ONNX: the beginnings of all axes, then their ends. */
const bothSides = ([height, width]: Pair) => [height, width, height, width];

/** Where an axis of [N, H, W, C] stands in [N, C, H, W]. */
const channelsFirst = [0, 2, 3, 1];

const RULES = new Map<Operation, Rule>([
  // Activations of a network that was trained in mixed precision stay single, which costs nothing in accuracy.
  rule(castOperation, ({ inputs: [x] }) => x),

  rule(conv2dOperation, ({ graph, name, inputs, tensors, attributes }) => {
    const { stride, padding, dilation, groups } = attributes;
    return graph.node('Conv', `${name}/Conv`, inputs, {
      kernel_shape: kernelSize(tensors[1]),
      strides: stride,
      pads: bothSides(padding),
      dilations: dilation,
      group: groups,
    });
  }),

  // Recorded as the gradient of the convolution that leads from its output to its input.
  rule(convTranspose2dOperation, ({ graph, name, inputs, tensors, attributes }) => {
    const { stride, padding, dilation, groups, inputSize } = attributes;
    const [x, weight] = tensors;
    const kernel = kernelSize(weight);
    const outputPadding = [0, 1].map((axis) => {
      const reach = dilation[axis] * (kernel[axis] - 1) + 1;
      return inputSize[axis] - ((x.shape[1 + axis] - 1) * stride[axis] + reach - 2 * padding[axis]);
    });
    return graph.node('ConvTranspose', `${name}/ConvTranspose`, inputs, {
      kernel_shape: kernel,
      strides: stride,
      pads: bothSides(padding),
      output_padding: outputPadding,
      dilations: dilation,
      group: groups,
    });
  }),

  rule(batchNormInference, ({ graph, name, inputs, attributes: { eps, relu } }) => {
    const y = graph.node('BatchNormalization', `${name}/BatchNormalization`, inputs, { epsilon: { float: eps } });
    return relu ? graph.node('Relu', `${name}/Relu`, [y]) : y;
  }),

  rule(maxPoolOperation, ({ graph, name, inputs, attributes: { kernel, stride, padding } }) =>
    graph.node('MaxPool', `${name}/MaxPool`, inputs, {
      kernel_shape: kernel,
      strides: stride,
      pads: bothSides(padding),
    }),
  ),

  rule(concatOperation, ({ graph, name, inputs, attributes: { axis } }) =>
    graph.node('Concat', `${name}/Concat`, inputs, { axis: channelsFirst[axis] }),
  ),

  rule(resizeOperations.resizeBilinear, ({ graph, name, inputs: [x], attributes: { rows, columns } }) => {
    const alignCorners = rows.offset === 0;
    if (!alignCorners && ![rows, columns].every(spansItsInput)) {
      throw new OnnxError(`${name}: resizing by a scale is not exported; give resizeBilinear a size.`);
    }
    // The batch is known only when the model runs, and Resize wants all four extents.
    const batchAndChannels = graph.node('Shape', `${name}/Shape`, [x], { end: 2 });
    const size = graph.integers(`${name}/size`, [rows.output, columns.output]);
    const sizes = graph.node('Concat', `${name}/sizes`, [batchAndChannels, size], { axis: 0 });
    return graph.node('Resize', `${name}/Resize`, [x, '', '', sizes], {
      mode: 'linear',
      coordinate_transformation_mode: alignCorners ? 'align_corners' : 'half_pixel',
    });
  }),
]);

/** Adds a recorded operation to the graph. @throws OnnxError for one that networks do not use */
export function addNode(graph: GraphBuilder, node: Node, inputs: readonly ValueName[]): ValueName {
  const { operation, scope, attributes } = node;
  const convert = RULES.get(operation);
  if (!convert) {
    throw new OnnxError(
      `${operation.name}${scope ? ` (in ${scope})` : ''} has no rule for ONNX; export a network made of ` +
        'convolutions, batch norms, poolings, joins and resizes.',
    );
  }
  const name = scope === '' ? 'network' : scope.replaceAll('.', '/');
  return convert({ graph, name, inputs, tensors: node.inputs, attributes });
}

/**
 * Whether source coordinates follow from the two extents, as ONNX takes them, and not from a scale that rounding left
 * behind.
 */
function spansItsInput({ input, output, numerator, denominator }: ResizeAxis): boolean {
  return numerator * output === denominator * input;
}

/** [kH, kW] of kernels [a, kH, kW, b]. */
function kernelSize({ shape }: Tensor): [number, number] {
  return [shape[1], shape[2]];
}
