import { randomUUID } from 'node:crypto';
import type { Trial } from '../trial.js';
import type { LockOptions } from './file-lock.js';
import { JournalFile } from './journal-file.js';
import { formatRecord, type JournalRecord, parseRecord } from './record.js';
import { JournalReplay, type StudyRecord } from './replay.js';

/** A record without its writer. */
export type Operation = JournalRecord extends infer R ? (R extends JournalRecord ? WithoutWriter<R> : never) : never;
type WithoutWriter<R> = { [Key in keyof R as Key extends 'worker_id' ? never : Key]: R[Key] };

/** Adds operations to a journal that is held by this process, and takes them in. */
export type Append = (operations: readonly Operation[]) => Promise<void>;

/**
 * A study file in use: read, written by one process at a time, and understood. Several processes may use it at once.
 */
export class Journal {
  /** Names this process, and this use of the file, in every record that it writes. */
  readonly workerId: string = `${randomUUID()}-${process.pid}`;
  readonly #file: JournalFile;
  readonly #replay = new JournalReplay();
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string, options: LockOptions = {}) {
    this.#file = new JournalFile(path, options);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Studies as of the last `sync` or `exclusively`. */
  studies(): StudyRecord[] {
    return this.#replay.studies();
  }

  /** The trial that this process made last. */
  lastCreated(): Trial | undefined {
    return this.#replay.lastCreatedBy(this.workerId);
  }

  /** Takes in what was written since. @throws SearchError where the file is damaged */
  sync(): Promise<void> {
    // One at a time, or a line would be taken in twice.
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #read(): Promise<void> {
    for (const { text, number } of await this.#file.readNew()) {
      const source = `${this.path}, line ${number},`;
      this.#replay.apply(parseRecord(text, source), source);
    }
  }

  /**
   * Runs `body` on the latest state, while no other process writes. @throws SearchError as `sync`, and where writing
   * fails
   */
  async exclusively<T>(body: (append: Append) => Promise<T>): Promise<T> {
    return this.#file.exclusively(async () => {
      await this.sync();
      return body(async (operations) => {
        if (operations.length === 0) return;
        const records = operations.map(({ op_code, ...rest }) => ({ op_code, worker_id: this.workerId, ...rest }));
        await this.#file.append(records.map((record) => formatRecord(record as JournalRecord)));
        await this.sync();
      });
    });
  }
}
