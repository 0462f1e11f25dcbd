import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { z } from 'zod';
import { RunFolderError } from './errors.js';

/** The file that is locked while a process works in a folder. One that is there and not locked means nothing. */
export const GUARD_FILE = '.in-use.json';

/** Which byte of the file is locked: far behind its contents, as on Windows locked bytes cannot be read by others. */
const LOCKED_BYTE = 2 ** 30;

/** To make a folder that others remove again and again. */
const MOST_ATTEMPTS = 1000;

const holderSchema = z.object({ pid: z.int(), host: z.string(), doing: z.string(), since: z.string() });

export interface GuardOptions {
  /** What is done in the folder, as in "training". */
  readonly doing: string;
  /** Make the folder where it is missing. Without it `use` runs unguarded there, to say what is missing. */
  readonly create?: boolean;
}

/**
 * Runs `use` while no other process, here or on another machine that shares the folder, is in `withGuard` for it.
 *
 * The lock is the operating system's: it ends with the process, however that ends, and depends on no clock and no
 * process number. A folder that is empty afterwards is removed.
 *
 * @throws RunFolderError where another process has the folder, with its number and host; or where files cannot be
 *   locked there
 */
export async function withGuard<T>(folder: string, options: GuardOptions, use: () => Promise<T>): Promise<T> {
  const file = await take(folder, options);
  if (file === undefined) return use();
  try {
    return await use();
  } finally {
    // Before the lock ends, so that it is this process's own file that is removed.
    await rm(join(folder, GUARD_FILE), { force: true }).catch(() => {});
    await file.close();
    await rmdir(folder).catch(() => {});
  }
}

/** @returns nothing where there is no such folder, and it is not to be made */
async function take(folder: string, { doing, create = false }: GuardOptions): Promise<FileHandle | undefined> {
  const path = join(folder, GUARD_FILE);
  for (let attempt = 1; ; attempt++) {
    const file = await openIn(folder, create).catch((error) => refuseFile(folder, error));
    if (file === undefined) {
      // Whoever had it may have removed the folder between its making and the file's.
      if (create && attempt < MOST_ATTEMPTS) continue;
      return undefined;
    }
    try {
      if (!locked(folder, file)) throw await inUse(folder);
      // Its holder may have removed it between the two; then it guards nothing.
      if (await isAt(path, file)) {
        const holder = { pid: process.pid, host: hostname(), doing, since: new Date().toISOString() };
        await file.truncate();
        await file.write(`${JSON.stringify(holder)}\n`, 0);
        return file;
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
  }
}

async function openIn(folder: string, create: boolean): Promise<FileHandle> {
  if (create) await mkdir(folder, { recursive: true });
  return open(join(folder, GUARD_FILE), constants.O_RDWR | constants.O_CREAT, 0o666);
}

function locked(folder: string, file: FileHandle): boolean {
  try {
    return tryLock(file.fd, LOCKED_BYTE, 1);
  } catch (cause) {
    throw new RunFolderError(
      `Files cannot be locked in ${folder} (${(cause as Error).message}), so that two processes could spoil it; choose a folder on another disk.`,
      { cause },
    );
  }
}

/** @returns nothing for a folder that is not there */
function refuseFile(folder: string, cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
  throw new RunFolderError(
    `${folder} cannot be written to (${cause.code}); check its permissions and the space there.`,
    {
      cause,
    },
  );
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [own, found] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => undefined),
  ]);
  return found?.ino === own.ino && found.dev === own.dev;
}

async function inUse(folder: string): Promise<RunFolderError> {
  const holder = await readHolder(folder);
  const who = holder
    ? `process ${holder.pid} on ${holder.host} has been ${holder.doing} there since ${holder.since}`
    : 'another process has just begun to work there';
  return new RunFolderError(
    `${folder} is in use: ${who}; wait until it has ended or stop it, or choose another folder.`,
  );
}

/** Who holds a lock writes down who it is an instant later. */
async function readHolder(folder: string): Promise<z.output<typeof holderSchema> | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const text = await readFile(join(folder, GUARD_FILE), 'utf8').catch(() => '');
    if (text.endsWith('\n')) return holderSchema.safeParse(JSON.parse(text)).data;
    await pause(10);
  }
  return undefined;
}
