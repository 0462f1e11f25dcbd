import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { RenderedPhantom, RenderTask } from './render.js';

/** Threads that render frames. At most `size` calls of `render` may be under way. */
export class RenderPool {
  readonly #idle: Worker[];
  readonly #all: readonly Worker[];

  constructor(readonly size: number) {
    // The build puts the worker beside this module; run from dist, as TypeScript sources are no worker.
    this.#all = Array.from({ length: size }, () => new Worker(new URL('./render.worker.js', import.meta.url)));
    this.#idle = [...this.#all];
  }

  /** @throws what the worker threw */
  async render(task: RenderTask): Promise<RenderedPhantom> {
    const worker = this.#idle.pop();
    if (!worker) throw new Error(`render pool: more than ${this.size} frames at once`);
    worker.postMessage(task);
    // `once` rejects on an `error` event, after which the worker is gone and is not put back.
    const [rendered] = (await once(worker, 'message')) as [RenderedPhantom];
    this.#idle.push(worker);
    return rendered;
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }
}
