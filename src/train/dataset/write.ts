import { promises as fs } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Landmarks } from '../../model/landmarks.js';
import { anglesCsv, type LabelRow, labelsCsv } from './labels.js';
import { DatasetError, LAYOUT, SPLITS, type Split } from './layout.js';

/** One image to be written with its labels. */
export interface DatasetImage {
  /** File name, without folders. */
  readonly file: string;
  /** The encoded image. */
  readonly bytes: Uint8Array;
  /** In pixels of that image. */
  readonly landmarks: Landmarks;
  /** Angle of progression in degrees; a blank field where it is undefined. */
  readonly aop: number | undefined;
}

export interface DatasetWriter {
  add(split: Split, image: DatasetImage): Promise<void>;
}

export interface WriteOptions {
  /** What the set is: written as `about.json` in its root. */
  readonly about?: Record<string, unknown>;
  /** Stops the writing; nothing is left behind. */
  readonly signal?: AbortSignal;
}

/**
 * Writes a data set in the IUGC 2025 layout, which `readDataset` reads back to the last digit.
 *
 * Everything is written into a folder beside `directory`, which takes its name when `produce` and the labels are done:
 * the set is there whole or not at all, also when `produce` throws or `signal` aborts. A split without images is left
 * out.
 *
 * @throws DatasetError where `directory` exists and is not empty, or a file name is used twice
 */
export async function writeDataset(
  directory: string,
  produce: (writer: DatasetWriter) => Promise<void>,
  options: WriteOptions = {},
): Promise<void> {
  const target = resolve(directory);
  await refuseOccupied(target);
  const staging = `${target}.partial-${process.pid}-${Date.now().toString(36)}`;
  try {
    const rows: Record<Split, Map<string, LabelRow>> = { train: new Map(), validation: new Map(), test: new Map() };
    await fs.mkdir(staging, { recursive: true });
    await produce({
      async add(split, image) {
        options.signal?.throwIfAborted();
        const { file, bytes, landmarks, aop } = image;
        if (file === '' || /[/\\]/.test(file)) {
          throw new DatasetError(`${split}: "${file}" is not a file name; use one without folders.`);
        }
        if (rows[split].has(file.toLowerCase())) {
          throw new DatasetError(`${split}: the file name ${file} is used twice; give each image its own.`);
        }
        rows[split].set(file.toLowerCase(), { file, landmarks, aop });
        const folder = join(staging, ...LAYOUT[split].folder);
        await fs.mkdir(folder, { recursive: true });
        await fs.writeFile(join(folder, file), bytes);
      },
    });
    for (const split of SPLITS) {
      if (rows[split].size > 0) await writeLabels(staging, split, [...rows[split].values()]);
    }
    if (options.about) await fs.writeFile(join(staging, 'about.json'), `${JSON.stringify(options.about, null, 2)}\n`);
    options.signal?.throwIfAborted();
    // An empty folder may be taken over; one that was filled meanwhile makes rmdir fail, and stays.
    await fs.rmdir(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await fs.rename(staging, target);
  } catch (error) {
    await fs.rm(staging, { recursive: true, force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new DatasetError(
      `${target}: the set could not be written (${error.message}); check the permissions and the space there.`,
      { cause: error },
    );
  }
}

async function refuseOccupied(target: string): Promise<void> {
  const entries = await fs.readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new DatasetError(`${target}: cannot be written to (${error.message}); choose another folder.`, {
      cause: error,
    });
  });
  if (entries.length > 0) {
    throw new DatasetError(
      `${target}: the folder is not empty (${entries.length} entries); choose a new one, or remove it first.`,
    );
  }
}

/** Labels in the order of file names, so that a set does not depend on which image was finished first. */
async function writeLabels(root: string, split: Split, rows: readonly LabelRow[]): Promise<void> {
  const { folder, labels, angles } = LAYOUT[split];
  const sorted = [...rows].sort((a, b) => (a.file < b.file ? -1 : 1));
  await fs.writeFile(join(root, ...folder, labels), labelsCsv(split, sorted));
  if (angles !== undefined) await fs.writeFile(join(root, ...folder, angles), anglesCsv(sorted));
}
