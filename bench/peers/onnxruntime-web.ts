import * as ort from 'onnxruntime-web/webgpu';
import { onnxModel } from './onnx-model.js';
import { onnxruntime } from './onnxruntime.js';
import { serveWebGpu } from './serve.js';

const session: ort.InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  preferredOutputLocation: 'gpu-buffer',
};

await serveWebGpu(async (finished) => {
  // Its WebAssembly goes on from timers, and has none of its own.
  setInterval(() => {}, 1);
  uploadSharedMemory();
  ort.env.wasm.numThreads = 1;
  // It opens its device with the first session.
  await ort.InferenceSession.create(onnxModel({ kind: 'matmul', name: 'smallest', n: 1 }), session);
  const device = await ort.env.webgpu.device;
  return onnxruntime(ort, {
    engine: 'onnxruntime-web WebGPU',
    version: ort.env.versions.web ?? 'unknown',
    session,
    place: async (tensor) => {
      const gpuBuffer = device.createBuffer({
        size: tensor.data.byteLength,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
      device.queue.writeBuffer(gpuBuffer, 0, Float32Array.from(tensor.data));
      return ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType: 'float32', dims: tensor.dims });
    },
    finished,
  });
});

/** Its heap is shared memory, which Dawn's binding for Node refuses to upload from. */
function uploadSharedMemory(): void {
  const { prototype } = GPUQueue;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (buffer, offset, data, ...range) {
    const isShared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    const copied = isShared ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() : data;
    return writeBuffer.call(this, buffer, offset, copied as BufferSource, ...range);
  };
}
