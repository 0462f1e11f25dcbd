import { createRequire } from 'node:module';
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';

/** What these tests use of ONNX Runtime for Node. */
interface OnnxRuntime {
  readonly Tensor: new (
    type: 'float32' | 'uint8',
    data: Float32Array | Uint8Array,
    dims: readonly number[],
  ) => TypedTensor<'float32' | 'uint8'>;
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

const load = createRequire(new URL('../onnxruntime/package.json', import.meta.url));

/** ONNX Runtime, where `./setup.sh` has installed it. */
export const onnxRuntime: OnnxRuntime | undefined = (() => {
  try {
    return load('onnxruntime-node') as OnnxRuntime;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
})();

/** Added to the names of tests that are skipped for want of it. */
export const WITHOUT_RUNTIME = onnxRuntime ? '' : ' (skipped: ./setup.sh installs ONNX Runtime)';

export interface FrameBatch {
  readonly values: Float32Array | Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** The outputs of a model for frames, by name. */
export async function runOnnx(
  model: Uint8Array,
  { values, count, height, width }: FrameBatch,
): Promise<Record<string, { dims: readonly number[]; values: Float32Array }>> {
  if (!onnxRuntime) throw new Error('ONNX Runtime is not installed.');
  const session = await onnxRuntime.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const type = values instanceof Float32Array ? 'float32' : 'uint8';
    const outputs = await session.run({ frames: new onnxRuntime.Tensor(type, values, [count, 1, height, width]) });
    const read = ([name, { dims, data }]: [string, Tensor]) =>
      [name, { dims, values: Float32Array.from(data as Float32Array) }] as const;
    return Object.fromEntries(Object.entries(outputs).map(read));
  } finally {
    await session.release();
  }
}
