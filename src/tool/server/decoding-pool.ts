import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { DecodeAnswer } from './decode.worker.js';
import type { DecodedUpload, DecodeTask } from './decoding.js';
import { Problem } from './problem.js';
import { Semaphore } from './semaphore.js';

/** Decodes uploads. */
export interface DecodingPool {
  /**
   * @param signal Stops the work, whatever it is in the middle of
   * @throws Problem for an image that cannot be read; the signal's reason when it is stopped
   */
  decode(task: DecodeTask, signal: AbortSignal): Promise<DecodedUpload>;
  close(): Promise<void>;
}

/** Heap limit of a thread for JavaScript objects, MiB; pixels and codecs are outside it. */
const HEAP_MEBIBYTES = 512;

/**
 * Threads that decode uploads. Some codecs compute for as long as a file makes them: in a thread they hold up nobody,
 * and can be stopped.
 */
export function openDecodingPool(threads = Math.min(4, Math.max(1, availableParallelism() - 1))): DecodingPool {
  const pool = new Piscina<DecodeTask, DecodeAnswer>({
    // The build puts the worker beside this module; run from dist, as TypeScript sources are no worker.
    filename: new URL('./decode.worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: 60_000,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  });
  // The pool's own queue lets new tasks overtake waiting ones, some of which then wait indefinitely.
  const semaphore = new Semaphore(threads);
  return {
    async decode(task, signal) {
      const release = await semaphore.acquire(signal);
      const answer = await pool
        .run(task, { signal, transferList: [task.bytes.buffer as ArrayBuffer] })
        .finally(release)
        .catch((error: unknown) => {
          signal.throwIfAborted();
          if (isOutOfMemory(error)) {
            throw new Problem(
              'image-too-large',
              'The upload needs more memory than this server allows per image; crop or downscale it.',
            );
          }
          throw error;
        });
      if ('problem' in answer) throw new Problem(answer.problem.code, answer.problem.detail);
      return answer.decoded;
    },
    close: () => pool.destroy(),
  };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
