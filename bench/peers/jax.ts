import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CannotRun, type Contestant, type Values, type Weights } from './contest.js';
import { permuted, TO_NCHW, TO_NHWC } from './layouts.js';
import { serveWebGpu } from './serve.js';

type Jax = typeof import('@jax-js/jax');
type Array = import('@jax-js/jax').Array;
type Parameters = Record<string, Array>;

await serveWebGpu(async (finished) => {
  const jax = await import('@jax-js/jax');
  const ready = await jax.init('webgpu');
  if (!ready.includes('webgpu')) throw new CannotRun('jax-js finds no WebGPU');
  jax.defaultDevice('webgpu');
  return contestant(jax, finished);
});

function contestant(jax: Jax, finished: () => Promise<void>): Contestant {
  const { numpy: np, lax } = jax;
  const store = ({ values, shape }: Values) => np.array(values).reshape([...shape]);

  return {
    engine: 'jax-js WebGPU',
    version: versionOf('@jax-js/jax'),

    async kernel(work, operands) {
      const isProduct = work.kind === 'matmul';
      const [left, right, cotangent] = [operands.left, operands.right, operands.cotangent].map((operand) =>
        store(isProduct ? operand : permuted(operand, TO_NCHW)),
      );
      const same: [number, number][] = [
        [1, 1],
        [1, 1],
      ];
      const convolve = (x: Array, weight: Array) => lax.conv(x, weight, [1, 1], same);
      const traced = (x: Array, weight: Array, dy: Array): Array => {
        if (isProduct) return np.matmul(x, weight);
        if (work.pass === 'forward') return convolve(x, weight);
        const loss = (a: Array, b: Array) => convolve(a, b).mul(dy.ref).sum();
        return jax.grad(loss, { argnums: work.pass === 'input gradient' ? 0 : 1 })(x, weight);
      };
      const compute = jax.jit(traced);
      const call = () => compute(left.ref, right.ref, cotangent.ref);
      return {
        async run(times) {
          for (let time = 0; time < times; time++) {
            const result = call();
            await result.blockUntilReady();
            result.dispose();
          }
          await finished();
        },
        async result() {
          const result = call();
          const { shape } = result;
          const values = Float32Array.from(await result.data());
          return isProduct ? values : permuted({ shape, values }, TO_NHWC).values;
        },
        release() {
          for (const array of [left, right, cotangent]) array.dispose();
        },
      };
    },

    async step(_, { images, targets, weights, learningRate }) {
      if (!weights) throw new CannotRun('a training step needs initial weights');
      let parameters = load(weights, store);
      const zeros = () =>
        Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, np.zeros(shape)]));
      let [first, second] = [zeros(), zeros()];
      const x = store(permuted(images, TO_NCHW));
      const y = store(targets);
      const step = jax.jit(trainingStep(jax));
      const losses: number[] = [];
      return {
        async run(times) {
          for (let time = 0; time < times; time++) {
            const count = losses.length + 1;
            const rate = np.array([learningRate / (1 - 0.9 ** count), 1 / (1 - 0.999 ** count)]);
            const [loss, ...state] = step(parameters, first, second, x.ref, y.ref, rate) as [
              Array,
              Parameters,
              Parameters,
              Parameters,
            ];
            [parameters, first, second] = state;
            losses.push((await loss.data())[0]);
          }
        },
        async result() {
          return Float32Array.from(losses);
        },
        release() {
          jax.tree.dispose([parameters, first, second, x, y]);
        },
      };
    },
  };
}

function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  return (JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8')) as { version: string }).version;
}

function load(weights: Weights, store: (values: Values) => Array): Parameters {
  const learned = [...weights].filter(([name]) => !name.includes('running'));
  return Object.fromEntries(
    // [outC, k, k, inC] → [outC, inC, k, k], and transposed [inC, k, k, outC] → [inC, outC, k, k]: the same order.
    learned.map(([name, tensor]) => [name, store(tensor.shape.length === 4 ? permuted(tensor, TO_NCHW) : tensor)]),
  );
}

const LEVELS = 4;
const EPSILON = 1e-5;

/**
 * sonde's SmallUNet, channels first, with Adam, as one function. Running statistics are not kept, which favours jax-js.
 */
function trainingStep(jax: Jax) {
  const { numpy: np, lax, nn } = jax;

  const perChannel = (values: Array) => values.reshape([1, -1, 1, 1]);

  const normalize = (x: Array, weight: Array, bias: Array) => {
    const centred = x.ref.sub(np.mean(x, [0, 2, 3], { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
    const normal = centred.div(np.sqrt(variance.add(EPSILON)));
    return nn.relu(normal.mul(perChannel(weight)).add(perChannel(bias)));
  };

  const doubleConv = (x: Array, parameters: Parameters, name: string) => {
    let result = x;
    for (const index of [1, 2]) {
      const padding: [number, number][] = [
        [1, 1],
        [1, 1],
      ];
      const convolved = lax.conv(result, parameters[`${name}.conv${index}.weight`].ref, [1, 1], padding);
      const [weight, bias] = ['weight', 'bias'].map((part) => parameters[`${name}.bn${index}.${part}`].ref);
      result = normalize(convolved, weight, bias);
    }
    return result;
  };

  const maxPool = (x: Array) => {
    const [n, c, h, w] = x.shape;
    return np.max(x.reshape([n, c, h / 2, 2, w / 2, 2]), [3, 5]);
  };

  /**
   * 2×2 transposed convolution with stride 2, whose windows do not overlap: a product, and its results put in place.
   * `lax.convTranspose` of jax-js 0.1.25 gives other values here.
   */
  const raise = (x: Array, weight: Array) => {
    const [n, c, h, w] = x.shape;
    const outC = weight.shape[1];
    const pixels = np.transpose(x, [0, 2, 3, 1]).reshape([n * h * w, c]);
    const blocks = np.matmul(pixels, weight.reshape([c, outC * 4])).reshape([n, h, w, outC, 2, 2]);
    return np.transpose(blocks, [0, 3, 1, 4, 2, 5]).reshape([n, outC, 2 * h, 2 * w]);
  };

  const logits = (parameters: Parameters, images: Array) => {
    const skips: Array[] = [];
    let x = images;
    for (let level = 0; level < LEVELS; level++) {
      if (level > 0) x = maxPool(x);
      x = doubleConv(x, parameters, `enc${level + 1}`);
      if (level < LEVELS - 1) skips.push(x.ref);
    }
    for (let level = LEVELS - 2; level >= 0; level--) {
      const weight = parameters[`up${level + 1}.weight`].ref;
      const raised = raise(x, weight);
      const biased = raised.add(perChannel(parameters[`up${level + 1}.bias`].ref));
      x = doubleConv(np.concatenate([skips[level], biased], 1), parameters, `dec${level + 1}`);
    }
    const head = lax.conv(x, parameters['head.weight'].ref, [1, 1], 'VALID');
    return head.add(perChannel(parameters['head.bias'].ref));
  };

  const expectation = (heatmaps: Array) => {
    const [n, k, h, w] = heatmaps.shape;
    const mass = nn.softmax(heatmaps.reshape([n, k, h * w]), -1).reshape([n, k, h, w]);
    const x = np.sum(mass.ref.mul(np.linspace(-1, 1, w).reshape([1, 1, 1, w])), [2, 3]);
    const y = np.sum(mass.mul(np.linspace(-1, 1, h).reshape([1, 1, h, 1])), [2, 3]);
    return np.stack([x, y], -1);
  };

  const lossOf = (parameters: Parameters, images: Array, targets: Array) =>
    np.mean(np.square(expectation(logits(parameters, images)).sub(targets)));

  /** @param rate learning rate over 1 − β₁ᵗ, and 1 over 1 − β₂ᵗ */
  return (
    parameters: Parameters,
    first: Parameters,
    second: Parameters,
    images: Array,
    targets: Array,
    rate: Array,
  ): [Array, Parameters, Parameters, Parameters] => {
    const gradient = jax.valueAndGrad(lossOf);
    const [loss, found] = gradient(jax.tree.ref(parameters), images, targets) as [Array, Parameters];
    const [speed, unbias] = [rate.ref.slice(0), rate.slice(1)];
    const [nextFirst, nextSecond, nextParameters]: [Parameters, Parameters, Parameters] = [{}, {}, {}];
    for (const name of Object.keys(parameters)) {
      const g = found[name];
      nextFirst[name] = first[name].mul(0.9).add(g.ref.mul(0.1));
      nextSecond[name] = second[name].mul(0.999).add(np.square(g).mul(0.001));
      const root = np.sqrt(nextSecond[name].ref.mul(unbias.ref)).add(1e-8);
      nextParameters[name] = parameters[name].sub(nextFirst[name].ref.mul(speed.ref).div(root));
    }
    speed.dispose();
    unbias.dispose();
    return [loss, nextParameters, nextFirst, nextSecond];
  };
}
