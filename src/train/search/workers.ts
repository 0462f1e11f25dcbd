import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ageOf, isRunning, processSpace } from '../liveness.js';

/** Milliseconds between two signs of life. */
const BEAT = 15_000;
/** Milliseconds of silence after which a worker counts as dead: eight missed signs. */
const SILENCE = 8 * BEAT;

const workerSchema = z.object({ host: z.string(), pid: z.int(), processes: z.string() });

/**
 * The processes that work on a search, one small file each, written again and again while it lives. A study file does
 * not say whether the process that runs a trial is still there; these files do, also for processes on other machines
 * that share the folder.
 */
export class Workers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Announces a worker.
   *
   * @returns what ends its signs of life, and takes an idle worker off; one that still has a trial stays, for others to
   * see
   *   that it is dead
   */
  async join(id: string): Promise<(state: { idle: boolean }) => Promise<void>> {
    await mkdir(this.#folder, { recursive: true });
    const file = this.#file(id);
    const text = `${JSON.stringify({ host: hostname(), pid: process.pid, processes: processSpace() })}\n`;
    await writeFile(file, text);
    const beat = setInterval(() => {
      // The same bytes in their place, so that no reader finds half of them. What cannot be written now is next time.
      writeFile(file, text, { flag: 'r+' }).catch(() => {});
    }, BEAT);
    beat.unref();
    return async ({ idle }) => {
      clearInterval(beat);
      if (idle) await rm(file, { force: true });
    };
  }

  /**
   * Whether a worker has died: its process is no longer on this machine, or it has given no sign of life for two
   * minutes. One without a file, such as a process of Optuna's, is never taken for dead.
   */
  async isDead(id: string): Promise<boolean> {
    const file = this.#file(id);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return false;
    if ((await ageOf(file)) > SILENCE) return true;
    // A process that died while it announced itself has left half a line, and no trial.
    const worker = workerSchema.safeParse(text.endsWith('\n') ? JSON.parse(text) : undefined);
    return worker.success && worker.data.processes === processSpace() && !isRunning(worker.data.pid);
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
