import { parentPort } from 'node:worker_threads';
import { type RenderTask, renderPhantom } from './render.js';

/** Renders what it is sent, one frame at a time, and sends it back without copying. */
parentPort?.on('message', async (task: RenderTask) => {
  const rendered = await renderPhantom(task);
  parentPort?.postMessage(rendered, [rendered.bytes.buffer as ArrayBuffer]);
});
