import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { ageOf, isRunning, processSpace } from '../liveness.js';
import { createFileAtomically } from '../run-folder/index.js';
import { CrossValidationError } from './splits.js';

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** What it works with. */
  adapter: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Where process numbers mean the same: a boot of a machine, and a container in it. */
  processes: z.string(),
  /** Unique to this claim. */
  token: z.string(),
});
/** Who works on something: what a lock file says. */
export type Holder = z.output<typeof holderSchema>;

export interface ClaimTimes {
  /** A holder shows this often that it is alive. Milliseconds. */
  readonly beat: number;
  /** One that has not for so long is gone. Milliseconds. */
  readonly patience: number;
}

const TIMES: ClaimTimes = { beat: 10_000, patience: 120_000 };

/**
 * Takes a lock file for this process, which may run beside others on the same machine and on others that share the
 * folder.
 *
 * A lock whose holder is gone is taken over: at once where its process number can be looked up here, and elsewhere when
 * it has given no sign of life for two minutes, by the clock of whoever keeps the files.
 *
 * @returns the claim, or who else has it
 */
export async function claim(path: string, adapter: string, times: ClaimTimes = TIMES): Promise<Claim | Holder> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    adapter,
    since: new Date().toISOString(),
    processes: processSpace(),
    token: randomUUID(),
  };
  for (;;) {
    if (await createFileAtomically(path, text(own))) return new Claim(path, own, times);
    const holder = await readHolder(path);
    // It was released between the two.
    if (!holder) continue;
    if (!(await isGone(path, holder, times))) return holder;
    if (!(await removeStale(path, holder, times))) return holder;
  }
}

/** A lock file that this process holds. */
export class Claim {
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();
  #file: FileHandle | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly holder: Holder,
    { beat }: ClaimTimes,
  ) {
    this.#timer = setInterval(() => {
      this.#beating = this.#beat();
    }, beat);
    this.#timer.unref();
  }

  /** Aborts, with a CrossValidationError, when another process has taken over what it must have thought abandoned. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws CrossValidationError where the lock is another's */
  async check(): Promise<void> {
    const found = await readHolder(this.path);
    if (found?.token === this.holder.token) return;
    const by = found ? `process ${found.pid} on ${found.host} has taken it over` : 'it was removed';
    throw new CrossValidationError(
      `${this.path} is no longer this process's: ${by}; this process was stopped so long that it seemed dead.`,
    );
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#file?.close();
    const found = await readHolder(this.path);
    if (found?.token === this.holder.token) await rm(this.path, { force: true });
  }

  /**
   * Writes the same bytes again, so that the file's time is that of whoever keeps it and no reader finds half of them.
   */
  async #beat(): Promise<void> {
    try {
      await this.check();
      // Kept open: should another take over right now, this is still the file that was ours, and not the other's.
      this.#file ??= await open(this.path, 'r+');
      await this.#file.write(text(this.holder), 0);
    } catch (error) {
      clearInterval(this.#timer);
      this.#lost.abort(error);
    }
  }
}

function text(holder: Holder): string {
  return `${JSON.stringify(holder, null, 2)}\n`;
}

/** Who holds a lock; undefined where nobody does. */
export async function readHolder(path: string): Promise<Holder | undefined> {
  let contents: string;
  try {
    contents = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(contents));
  } catch (cause) {
    throw new CrossValidationError(`${path} is no lock file; remove it, if nobody works there.`, { cause });
  }
}

async function isGone(path: string, { pid, processes }: Holder, { patience }: ClaimTimes): Promise<boolean> {
  if (processes === processSpace() && !isRunning(pid)) return true;
  return (await ageOf(path)) > patience;
}

/**
 * Removes the lock of a holder that is gone. Of several processes that find it so one does: a second lock guards the
 * moment between looking whose the first is and removing it.
 *
 * @returns whether the lock can be tried for again
 */
export async function removeStale(path: string, holder: Holder, { patience }: ClaimTimes = TIMES): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await createFileAtomically(guard, ''))) {
    // Who made it needs it for an instant, unless it died in that.
    if (existsSync(guard) && (await ageOf(guard)) > patience) await rm(guard, { force: true });
    return false;
  }
  try {
    const found = await readHolder(path);
    if (found?.token === holder.token) await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}
