/** Whether another process that shares a folder is still at work, here or on another machine. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Milliseconds since a file was written, by the clock that dates files there; 0 where it is gone. */
export async function ageOf(path: string): Promise<number> {
  const probe = `${path}.${randomUUID()}.probe`;
  try {
    await writeFile(probe, '');
    const [{ mtimeMs: now }, { mtimeMs: then }] = await Promise.all([stat(probe), stat(path)]);
    return now - then;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  } finally {
    await rm(probe, { force: true });
  }
}

/** Whether a process of this machine, as its process numbers are seen from here, is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is running too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

let ownSpace: string | undefined;

/** Where process numbers mean the same: a boot of a machine, and a container in it. */
export function processSpace(): string {
  ownSpace ??= describeProcessSpace();
  return ownSpace;
}

/**
 * Host names repeat, and containers of one host may share its name and not its process numbers; Linux tells them apart.
 */
function describeProcessSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
