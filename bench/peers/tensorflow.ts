import * as tf from '@tensorflow/tfjs-core';
import { CannotRun, type Contestant, type StepInputs, type Values, type Weights } from './contest.js';
import { FROM_HWIO, permuted, TO_HWIO } from './layouts.js';

/** TensorFlow.js on the backend that is active, whichever it is. */
export function tensorflow(engine: string, finished: () => Promise<void>): Contestant {
  return {
    engine,
    version: tf.version_core,

    async kernel(work, operands) {
      const left = store(operands.left);
      const right = store(work.kind === 'matmul' ? operands.right : permuted(operands.right, TO_HWIO));
      const cotangent = store(operands.cotangent);
      const strides = 1;
      const pad = 1;
      const attributes = { strides, pad, dataFormat: 'NHWC', dimRoundingMode: undefined };
      const compute = (): tf.Tensor => {
        if (work.kind === 'matmul') return tf.matMul(left, right);
        if (work.pass === 'forward') return tf.conv2d(left as tf.Tensor4D, right as tf.Tensor4D, strides, pad);
        // The kernels that TensorFlow.js itself runs for these gradients, without the forward pass.
        const [kernel, inputs, shape] =
          work.pass === 'input gradient'
            ? [tf.Conv2DBackpropInput, { dy: cotangent, filter: right }, { inputShape: left.shape }]
            : [tf.Conv2DBackpropFilter, { x: left, dy: cotangent }, { filterShape: right.shape }];
        return tf.engine().runKernel(kernel, inputs, { ...attributes, ...shape } as unknown as tf.NamedAttrMap);
      };
      return {
        async run(times) {
          for (let time = 0; time < times; time++) compute().dispose();
          await finished();
        },
        async result() {
          const result = compute();
          const values = Float32Array.from(await result.data());
          result.dispose();
          if (work.pass !== 'weight gradient') return values;
          return permuted({ shape: result.shape, values }, FROM_HWIO).values;
        },
        release: () => tf.dispose([left, right, cotangent]),
      };
    },

    async step(_, { images, targets, weights, learningRate }: StepInputs) {
      if (!weights) throw new CannotRun('a training step needs initial weights');
      const network = new UNet(weights);
      const optimizer = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
      const [x, y] = [store(images) as tf.Tensor4D, store(targets)];
      const losses: number[] = [];
      return {
        async run(times) {
          for (let time = 0; time < times; time++) {
            const loss = optimizer.minimize(() => network.loss(x, y), true, network.variables);
            if (!loss) throw new CannotRun('minimize returns no loss');
            losses.push((await loss.data())[0]);
            loss.dispose();
          }
        },
        async result() {
          return Float32Array.from(losses);
        },
        release() {
          optimizer.dispose();
          tf.dispose([x, y, ...network.variables]);
        },
      };
    },
  };
}

function store({ values, shape }: Values): tf.Tensor {
  return tf.tensor(values, [...shape], 'float32');
}

const LEVELS = 4;
const EPSILON = 1e-5;

/** sonde's SmallUNet. Running statistics are not kept, which favours TensorFlow.js. */
class UNet {
  private readonly parameters = new Map<string, tf.Variable>();

  constructor(weights: Weights) {
    for (const [name, tensor] of weights) {
      if (name.includes('running')) continue;
      // [outC, k, k, inC] → [k, k, inC, outC], and transposed [inC, k, k, outC] → [k, k, outC, inC]: the same order.
      const stored = store(tensor.shape.length === 4 ? permuted(tensor, TO_HWIO) : tensor);
      this.parameters.set(name, tf.variable(stored));
      stored.dispose();
    }
  }

  get variables(): tf.Variable[] {
    return [...this.parameters.values()];
  }

  loss(images: tf.Tensor4D, targets: tf.Tensor): tf.Scalar {
    return tf.mean(tf.square(tf.sub(expectation(this.logits(images)), targets)));
  }

  private logits(images: tf.Tensor4D): tf.Tensor4D {
    const skips: tf.Tensor4D[] = [];
    let x = images;
    for (let level = 0; level < LEVELS; level++) {
      if (level > 0) x = tf.maxPool(x, 2, 2, 'valid');
      x = this.doubleConv(x, `enc${level + 1}`);
      skips.push(x);
    }
    for (let level = LEVELS - 2; level >= 0; level--) {
      const skip = skips[level];
      const up = this.of(`up${level + 1}.weight`) as tf.Tensor4D;
      const raised = tf.conv2dTranspose(x, up, [skip.shape[0], skip.shape[1], skip.shape[2], up.shape[2]], 2, 'valid');
      x = tf.concat([skip, tf.add(raised, this.of(`up${level + 1}.bias`))], 3) as tf.Tensor4D;
      x = this.doubleConv(x, `dec${level + 1}`);
    }
    return tf.add(tf.conv2d(x, this.of('head.weight') as tf.Tensor4D, 1, 'valid'), this.of('head.bias'));
  }

  private doubleConv(x: tf.Tensor4D, name: string): tf.Tensor4D {
    let result = x;
    for (const index of [1, 2]) {
      const convolved = tf.conv2d(result, this.of(`${name}.conv${index}.weight`) as tf.Tensor4D, 1, 1);
      const { mean, variance } = tf.moments(convolved, [0, 1, 2]);
      const [bias, weight] = ['bias', 'weight'].map((part) => this.of(`${name}.bn${index}.${part}`) as tf.Tensor1D);
      result = tf.relu(tf.batchNorm(convolved, mean as tf.Tensor1D, variance as tf.Tensor1D, bias, weight, EPSILON));
    }
    return result;
  }

  private of(name: string): tf.Variable {
    const variable = this.parameters.get(name);
    if (!variable) throw new CannotRun(`there is no weight ${name}`);
    return variable;
  }
}

/** Softmax over each heatmap and the expectation of x and y in [−1, 1]. [N, H, W, K] → [N, K, 2] */
function expectation(logits: tf.Tensor4D): tf.Tensor {
  const [images, height, width, points] = logits.shape;
  const rows = tf.reshape(tf.transpose(logits, [0, 3, 1, 2]), [images * points, height * width]);
  const x = tf.reshape(tf.tile(tf.linspace(-1, 1, width), [height]), [height * width]);
  const y = tf.reshape(tf.tile(tf.reshape(tf.linspace(-1, 1, height), [height, 1]), [1, width]), [height * width]);
  const grid = tf.stack([x, y], 1) as tf.Tensor2D;
  return tf.reshape(tf.matMul(tf.softmax(rows) as tf.Tensor2D, grid), [images, points, 2]);
}
