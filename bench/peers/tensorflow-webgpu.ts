import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { CannotRun } from './contest.js';
import { serveWebGpu } from './serve.js';
import { tensorflow } from './tensorflow.js';

await serveWebGpu(async (finished) => {
  // It looks for WebGPU when it is loaded.
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new CannotRun('TensorFlow.js finds no WebGPU');
  return tensorflow('TensorFlow.js WebGPU', async () => {
    // It gathers up to 15 dispatches before it submits them.
    backend.endComputePassEncoder();
    backend.submitQueue();
    await finished();
  });
});
