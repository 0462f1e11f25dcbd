import { type FileHandle, open } from 'node:fs/promises';
import { SearchError } from '../distribution.js';
import { type LockOptions, withFileLock } from './file-lock.js';

/** A line of a journal, and its number from 1. */
export interface JournalLine {
  readonly text: string;
  readonly number: number;
}

/**
 * The bytes of a study file, which only ever grows: whole lines are read once, and added at the end by one process at a
 * time. What follows the last line break was torn by a crash or is being written just now. Readers leave it alone, as
 * Optuna does; whoever adds lines next, holding the lock, cuts it off, where Optuna would glue its line to it and spoil
 * both.
 */
export class JournalFile {
  readonly path: string;
  readonly #options: LockOptions;
  #offset = 0;
  #lines = 0;

  constructor(path: string, options: LockOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  /**
   * The whole lines that came since the last call; none where there is no file.
   *
   * @throws SearchError where the file has become shorter
   */
  async readNew(): Promise<JournalLine[]> {
    const bytes = await this.#readRest();
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#offset += end;
    const texts = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
    return texts.map((text) => ({ text, number: ++this.#lines }));
  }

  /** Runs `body` while no other process writes the file. */
  async exclusively<T>(body: () => Promise<T>): Promise<T> {
    return withFileLock(this.path, body, this.#options);
  }

  /**
   * Adds lines and forces them to disk. To be called within `exclusively`, after `readNew`.
   *
   * @throws SearchError where that fails, such as on a full disk; the file is then as it was
   */
  async append(texts: readonly string[]): Promise<void> {
    const file = await open(this.path, 'a');
    try {
      const { size } = await file.stat();
      if (size > this.#offset) await file.truncate(this.#offset);
      await writeOrTakeBack(file, texts.map((text) => `${text}\n`).join(''), this.#offset);
    } catch (cause) {
      throw new SearchError(
        `${this.path} cannot be written (${(cause as NodeJS.ErrnoException).code}); check its permissions and the space on ` +
          'its disk, and start the search again: what was in the file before is intact.',
        { cause },
      );
    } finally {
      await file.close();
    }
  }

  async #readRest(): Promise<Buffer> {
    let file: FileHandle;
    try {
      file = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && this.#offset === 0) return Buffer.alloc(0);
      throw error;
    }
    try {
      const { size } = await file.stat();
      if (size < this.#offset) {
        throw new SearchError(
          `${this.path} has become shorter, from ${this.#offset} to ${size} bytes, while a search used it; restore it from a ` +
            'copy, or search into another folder.',
        );
      }
      const rest = Buffer.alloc(size - this.#offset);
      let read = 0;
      while (read < rest.length) {
        const { bytesRead } = await file.read(rest, read, rest.length - read, this.#offset + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return rest.subarray(0, read);
    } finally {
      await file.close();
    }
  }
}

async function writeOrTakeBack(file: FileHandle, text: string, before: number): Promise<void> {
  try {
    await file.appendFile(text);
    await file.sync();
  } catch (error) {
    // Best effort: a torn line is cut off by the next writer too.
    await file.truncate(before).catch(() => {});
    throw error;
  }
}
