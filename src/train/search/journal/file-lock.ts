import { lstat, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SearchError } from '../distribution.js';

export interface LockOptions {
  /** Milliseconds after which a lock that nobody renews is that of a process that has died, and is broken. */
  readonly gracePeriod?: number;
}

/** Milliseconds between two looks at a lock that is taken. */
const LONGEST_WAIT = 50;
/** Where there are no symbolic links: FAT, some network drives, Windows without the right to make them. */
const NO_SYMLINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Runs `body` while no other process does so for the same file, and no Optuna process writes it: both hold
 * `<file>.lock`, a symbolic link to the file, or an empty file where there are none. Taking a name is atomic on network
 * drives too, which locks on the file itself are not. The protocol, with its grace period of 30 s, is that of Optuna's
 * JournalFileSymlinkLock and JournalFileOpenLock.
 */
export async function withFileLock<T>(file: string, body: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = `${file}.lock`;
  await acquire(lock, resolve(file), options.gracePeriod ?? 30_000);
  const mine = await identify(lock);
  try {
    return await body();
  } finally {
    // Not the lock of another process, which may have taken this one for dead.
    if (mine !== undefined && mine === (await identify(lock))) await release(lock);
  }
}

async function acquire(lock: string, target: string, gracePeriod: number): Promise<void> {
  let wait = 1;
  let seen: string | undefined;
  let seenAt = 0;
  while (!(await take(lock, target))) {
    const holder = await identify(lock);
    const now = performance.now();
    if (holder !== seen) {
      [seen, seenAt] = [holder, now];
    } else if (holder !== undefined && now - seenAt > gracePeriod) {
      await release(lock);
      seen = undefined;
      continue;
    }
    await sleep(wait * (0.5 + Math.random() / 2));
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
}

/** Whether the lock was free and is now held. */
async function take(lock: string, target: string): Promise<boolean> {
  try {
    await symlink(target, lock);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_SYMLINKS.has(code)) throw cannotLock(lock, error);
  }
  try {
    await writeFile(lock, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotLock(lock, error);
  }
}

function cannotLock(lock: string, cause: unknown): SearchError {
  const { code } = cause as NodeJS.ErrnoException;
  return new SearchError(
    `${lock} cannot be made (${code}); check that the folder is there, is writable and has space.`,
    {
      cause,
    },
  );
}

/** Tells one lock from the next of the same name; undefined where there is none. */
async function identify(lock: string): Promise<string | undefined> {
  const status = await lstat(lock, { bigint: true }).catch(() => undefined);
  return status && `${status.ino} ${status.mtimeNs}`;
}

/**
 * By a new name first: on network drives a removal may be done twice, and the second time hit the next lock. The name
 * is always the same, so that what a process leaves which is killed between the two steps goes with the next release.
 */
async function release(lock: string): Promise<void> {
  const renamed = `${lock}.released`;
  try {
    await rename(lock, renamed);
    await unlink(renamed);
  } catch (error) {
    // Another process has taken this lock for dead, or has removed both names at once.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
