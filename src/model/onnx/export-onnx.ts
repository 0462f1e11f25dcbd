import type { Tensor } from '../../engine/index.js';
import { reachableNodes } from '../../engine/plan.js';
import type { HeatmapReader } from '../decoding.js';
import type { HeatmapNetwork } from '../heatmap-network.js';
import { LANDMARK_NAMES } from '../landmarks.js';
import { halveKernels, readWeights } from '../weights.js';
import { OnnxError } from './errors.js';
import { type FrameType, fitFrames, scaleFrames } from './frames.js';
import { GraphBuilder, type ValueName } from './graph-builder.js';
import { decodeHeatmaps, progressionAngle, spatialSoftmax } from './landmarks.js';
import { addNode } from './layers.js';
import { encodeOnnx } from './proto.js';

/** The operator set of 2021, which ONNX Runtime reads since 1.12. */
export const OPERATOR_SET = 17;

/** A file is one protocol buffer, which readers take up to 2 GiB; the rest of the graph is small. */
const LARGEST_WEIGHTS = 2 ** 31 - 2 ** 22;

export interface OnnxOptions {
  /** Pixels along a side of the network's frame. */
  readonly size: number;
  readonly reader: HeatmapReader;
  /**
   * What the output `heatmaps` holds: the spatial softmax (default), or the network's own values, for those trained
   * towards peaks.
   */
  readonly heatmaps?: 'probabilities' | 'scores';
  /** Type and range of the frames. Default: `uint8`. */
  readonly frameType?: FrameType;
  /** Whether frames of any extent are resized and cropped within the model (default), or come in the network's size. */
  readonly fit?: boolean;
  /** Whether kernels are stored in half precision. Sums stay single. */
  readonly half?: boolean;
  /** Version of sonde, for the file. */
  readonly version: string;
  /** Free text by key, for the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A network as an ONNX model, from grey frames to landmarks. What the network's own code records is what is exported.
 *
 * Input `frames`: [batch, 1, height, width], grey levels of {@link OnnxOptions.frameType}. Outputs: `landmarks` [batch,
 * K, 2], x then y in pixels of the frames that came in (whole numbers at pixel centres); `angle_of_progression` [batch]
 * in degrees, NaN where a ray has no length (for three landmarks only); `heatmaps` [batch, K, h, w] over the network's
 * frame.
 *
 * @throws OnnxError for a network with an operation that has no rule, or with weights beyond 2 GiB; ShapeError for
 *   frames that the network cannot take
 */
export async function exportOnnx(model: HeatmapNetwork, options: OnnxOptions): Promise<Uint8Array> {
  const { size, reader, heatmaps = 'probabilities', frameType = 'uint8', fit = true } = options;
  const graph = new GraphBuilder();
  const frames = graph.input({
    name: 'frames',
    dataType: frameType,
    dims: ['batch', 1, ...(fit ? ['height', 'width'] : [size, size])],
    description:
      (frameType === 'uint8' ? 'Grey levels from 0 to 255' : 'Luminance from 0 to 1') +
      (fit ? ', of any extent; the central square is seen.' : '.'),
  });
  const { pixels, toFrame } = fit ? fitFrames(graph, frames, frameType, size) : scaleFrames(graph, frames, frameType);
  const { logits, height, width } = await addNetwork(graph, model, pixels, options);
  const extent = { height, width, size };
  const probabilities = spatialSoftmax(graph, logits, extent);
  const points = decodeHeatmaps(graph, reader, { logits, probabilities }, extent);

  const { landmarks: count } = model;
  graph.output(toFrame(points), {
    name: 'landmarks',
    dataType: 'float32',
    dims: ['batch', count, 2],
    description: "x and y in the frame's pixels, whole numbers at pixel centres; order: PS1, PS2, FH1.",
  });
  if (count === LANDMARK_NAMES.length) {
    graph.output(progressionAngle(graph, points), {
      name: 'angle_of_progression',
      dataType: 'float32',
      dims: ['batch'],
      description: 'Degrees from 0 to 180; NaN where two landmarks coincide.',
    });
  }
  graph.output(heatmaps === 'scores' ? logits : probabilities, {
    name: 'heatmaps',
    dataType: 'float32',
    dims: ['batch', count, height, width],
    description: heatmaps === 'scores' ? 'Towards Gaussians of peak 1.' : 'Each sums to 1.',
  });
  return encodeOnnx({
    graph: graph.build(model.constructor.name),
    operatorSet: OPERATOR_SET,
    producer: { name: 'sonde', version: options.version },
    description:
      'Landmarks and angle of progression in intrapartum ultrasound. Research use only; not a medical device.',
    metadata: {
      ...options.metadata,
      preprocessing: preprocessingOf(frameType, fit, size),
      size: String(size),
      landmarks: LANDMARK_NAMES.join(','),
      decoding: reader.decoding,
      grid: reader.grid,
      heatmaps,
    },
  });
}

function preprocessingOf(frameType: FrameType, fit: boolean, size: number): string {
  const scale = frameType === 'uint8' ? 'values divided by 255' : 'values as they are';
  return fit
    ? `in the model: ${scale}; resize proportionally (antialiased triangle filter) to a shorter side of ${size}; central square`
    : `in the model: ${scale}; frames of ${size}x${size}`;
}

/** Adds everything from pixels [N, 1, size, size] to logits [N, K, h, w], as the network records it. */
async function addNetwork(
  graph: GraphBuilder,
  model: HeatmapNetwork,
  pixels: ValueName,
  { size, half = false }: OnnxOptions,
): Promise<{ logits: ValueName; height: number; width: number }> {
  const weights = half ? halveKernels(await readWeights(model)) : await readWeights(model);
  const bytes = Object.values(weights).reduce((total, { data }) => total + data.byteLength, 0);
  if (bytes > LARGEST_WEIGHTS) {
    throw new OnnxError(
      `The weights take ${bytes} bytes, and an ONNX file holds at most ${LARGEST_WEIGHTS}; export safetensors, or half precision.`,
    );
  }
  const named = model.named();
  const images = named[0].tensor.device.zeros([1, size, size, 1]);
  try {
    const values = new Map<Tensor, ValueName>([[images, pixels]]);
    const logits = model.logits(images, { training: false });
    const names = new Map(named.map(({ name, tensor }) => [tensor, name]));
    const valueOfTensor = (tensor: Tensor): ValueName => {
      const known = values.get(tensor);
      if (known !== undefined) return known;
      const name = names.get(tensor);
      if (name === undefined) {
        throw new OnnxError(`The network reads ${tensor}, which is none of its weights; define it in a module.`);
      }
      const value = graph.weight(name, weights[name]);
      values.set(tensor, value);
      return value;
    };
    for (const node of reachableNodes([logits])) {
      values.set(node.outputs[0], addNode(graph, node, node.inputs.map(valueOfTensor)));
    }
    const [, height, width] = logits.shape;
    return { logits: valueOfTensor(logits), height, width };
  } finally {
    images.dispose();
  }
}
