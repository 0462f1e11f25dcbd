import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** n × n times n × n. */
export interface MatmulWork {
  readonly kind: 'matmul';
  readonly name: string;
  readonly pass: 'forward';
  readonly n: number;
}

export type ConvolutionPass = 'forward' | 'input gradient' | 'weight gradient';

/** A 3×3 convolution with padding 1 of one image, or one of its gradients. */
export interface ConvolutionWork {
  readonly kind: 'convolution';
  readonly name: string;
  readonly pass: ConvolutionPass;
  readonly channels: number;
  /** Height and width of the image. */
  readonly size: number;
}

/** A training step of `smallUNet`: forward pass, DSNT, mean squared error, gradients, Adam, and the loss read back. */
export interface StepWork {
  readonly kind: 'step';
  readonly name: string;
  readonly pass: 'training step';
  readonly batch: number;
  readonly size: number;
}

export type Work = MatmulWork | ConvolutionWork | StepWork;

export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Initial weights under sonde's names and in its layouts: convolutions [outC, k, k, inC], transposed ones [inC, k, k,
 * outC].
 */
export type Weights = ReadonlyMap<string, Values>;

/** Operands of a product or a convolution, in sonde's layouts. */
export interface Operands {
  /** [n, n], or the image [1, H, W, C]. */
  readonly left: Values;
  /** [n, n], or the weight [C, 3, 3, C]. */
  readonly right: Values;
  /** The result's gradient, [1, H, W, C]; [n, n] and of no use for a product. */
  readonly cotangent: Values;
}

export interface StepInputs {
  /** [N, H, W, 1] */
  readonly images: Values;
  /** [N, 3, 2], in [−1, 1] */
  readonly targets: Values;
  /** Those of the first contestant, from which all others start; undefined for the first. */
  readonly weights: Weights | undefined;
  readonly learningRate: number;
}

/** A piece of work, ready to run. */
export interface Prepared {
  /** Does the work so many times and resolves when the device is done. */
  run(times: number): Promise<void>;
  /** The result, in sonde's layout; of a training step, the losses of all steps so far. */
  result(): Promise<Float32Array>;
  /** A training step's initial weights. */
  weights?(): Promise<Weights>;
  release(): void;
}

/** An engine that takes part. What it cannot do it refuses by throwing {@link CannotRun}. */
export interface Contestant {
  readonly engine: string;
  readonly version: string;
  kernel(work: MatmulWork | ConvolutionWork, operands: Operands): Promise<Prepared>;
  step(work: StepWork, inputs: StepInputs): Promise<Prepared>;
}

export class CannotRun extends Error {
  override name = 'CannotRun';
}

export const LEARNING_RATE = 1e-3;

export function operandsOf(work: MatmulWork | ConvolutionWork): Operands {
  if (work.kind === 'matmul') {
    const square = [work.n, work.n];
    return { left: draw(square, 1), right: draw(square, 2), cotangent: draw(square, 3) };
  }
  const { channels, size } = work;
  const image = [1, size, size, channels];
  return { left: draw(image, 1), right: draw([channels, 3, 3, channels], 2), cotangent: draw(image, 3) };
}

export function stepInputsOf({ batch, size }: StepWork, weights: Weights | undefined): StepInputs {
  return {
    images: draw([batch, size, size, 1], 1),
    targets: draw([batch, 3, 2], 2),
    weights,
    learningRate: LEARNING_RATE,
  };
}

const STEPS = 2 ** 23;

/** Uniform in [−1, 1), the same in every process; exact in float32. */
function draw(shape: readonly number[], seed: number): Values {
  const random = xoroshiro128plus(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, values: Float32Array.from({ length: size }, () => uniformInt(random, -STEPS, STEPS - 1) / STEPS) };
}

/** How a contestant's process waits for the device: as the engine was shipped, or in paced polls as sonde does. */
export type Wait = 'as shipped' | 'paced';

export type Request =
  | { readonly type: 'prepare'; readonly work: Work; readonly weights?: Weights }
  | { readonly type: 'sample'; readonly times: number }
  | { readonly type: 'losses' };

export interface Ready {
  readonly type: 'ready';
  readonly engine: string;
  readonly version: string;
  /** WebGPU adapter; undefined for an engine that computes on the CPU. */
  readonly adapter: string | undefined;
}

/** Answers to the requests, in their order. */
export type Answer =
  | {
      readonly type: 'prepared';
      readonly firstMilliseconds: number;
      readonly check: Verdict;
      readonly weights?: Weights;
    }
  | { readonly type: 'sampled'; readonly milliseconds: number }
  | { readonly type: 'losses'; readonly losses: Float32Array }
  | { readonly type: 'failed'; readonly message: string };

/** Whether a kernel's result agrees with float64. Of a training step only its losses tell, and the others'. */
export interface Verdict {
  readonly valid: boolean;
  readonly statement: string;
}
