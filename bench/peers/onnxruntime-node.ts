import * as ort from 'onnxruntime-node';
import { onnxruntime } from './onnxruntime.js';
import { serve } from './serve.js';

await serve(
  onnxruntime(ort, {
    engine: 'onnxruntime-node',
    version: ort.env.versions.common,
    session: { executionProviders: ['cpu'] },
    place: async (tensor) => tensor,
    finished: async () => {},
  }),
);
