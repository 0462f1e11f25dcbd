import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** Milliseconds between two signs of life. */
const BEAT = 15_000;
/** Milliseconds of silence after which a worker counts as dead: eight missed signs. */
const SILENCE = 8 * BEAT;

const workerSchema = z.object({ host: z.string(), pid: z.int() });

/**
 * The processes that work on a search, one small file each, touched while it lives. A study file does not say whether the
 * process that runs a trial is still there; these files do, also for processes on other machines that share the folder.
 */
export class Workers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Announces a worker. @returns what takes it off again */
  async join(id: string): Promise<() => Promise<void>> {
    await mkdir(this.#folder, { recursive: true });
    const file = this.#file(id);
    await writeFile(file, `${JSON.stringify({ host: hostname(), pid: process.pid })}\n`);
    const beat = setInterval(() => {
      const now = new Date();
      // A sign of life that cannot be given now is given next time.
      utimes(file, now, now).catch(() => {});
    }, BEAT);
    beat.unref();
    return async () => {
      clearInterval(beat);
      await rm(file, { force: true });
    };
  }

  /**
   * Whether a worker has died: its process is no longer on this machine, or it has given no sign of life for two minutes.
   * One without a file, such as a process of Optuna's, is never taken for dead.
   */
  async isDead(id: string): Promise<boolean> {
    const file = this.#file(id);
    const status = await stat(file).catch(() => undefined);
    if (status === undefined) return false;
    if (Date.now() - status.mtimeMs > SILENCE) return true;
    const worker = workerSchema.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
    return worker.success && worker.data.host === hostname() && !isRunning(worker.data.pid);
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
