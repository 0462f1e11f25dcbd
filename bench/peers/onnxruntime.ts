import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { CannotRun, type Contestant, type Values } from './contest.js';
import { permuted, TO_NCHW, TO_NHWC } from './layouts.js';
import { onnxModel } from './onnx-model.js';

/** What onnxruntime-node and onnxruntime-web share. */
export interface Runtime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => TypedTensor<'float32'>;
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

export interface RuntimeOptions {
  readonly engine: string;
  readonly version: string;
  readonly session: InferenceSession.SessionOptions;
  /** Where operands are kept, if not on the CPU. */
  readonly place: (tensor: TypedTensor<'float32'>) => Promise<Tensor>;
  readonly finished: () => Promise<void>;
}

/** ONNX Runtime, which infers and has no gradients. */
export function onnxruntime(runtime: Runtime, options: RuntimeOptions): Contestant {
  const { engine, version, place, finished } = options;
  return {
    engine,
    version,

    async kernel(work, { left, right }) {
      if (work.pass !== 'forward') throw new CannotRun('it has no gradients');
      const isProduct = work.kind === 'matmul';
      const store = (operand: Values) => {
        const { values, shape } = isProduct ? operand : permuted(operand, TO_NCHW);
        return place(new runtime.Tensor('float32', values, shape));
      };
      const feeds = { x: await store(left), w: await store(right) };
      const session = await runtime.InferenceSession.create(onnxModel(work), options.session);
      return {
        async run(times) {
          for (let time = 0; time < times; time++) (await session.run(feeds)).y.dispose();
          await finished();
        },
        async result() {
          const { y } = await session.run(feeds);
          const values = Float32Array.from((await y.getData()) as Float32Array);
          const shape = y.dims;
          y.dispose();
          return isProduct ? values : permuted({ shape, values }, TO_NHWC).values;
        },
        release() {
          for (const tensor of Object.values(feeds)) tensor.dispose();
          void session.release();
        },
      };
    },

    async step() {
      throw new CannotRun('it has no gradients');
    },
  };
}
