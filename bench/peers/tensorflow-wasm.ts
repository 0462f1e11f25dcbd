import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { serve } from './serve.js';
import { tensorflow } from './tensorflow.js';

await tf.setBackend('wasm');
await tf.ready();
// Its kernels have computed when they return.
await serve(tensorflow('TensorFlow.js wasm', async () => {}));
