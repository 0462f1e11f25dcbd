import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that whoever reads it, also after a crash or a power cut, finds the old contents or the new ones and
 * nothing between: a temporary file in the same folder is filled, forced to disk and renamed over the target.
 * Missing folders are made. A write that fails leaves the target as it was and no temporary file.
 */
export async function writeFileAtomically(path: string, contents: string | Uint8Array): Promise<void> {
  await writeBeside(path, contents, (temporary) => rename(temporary, path));
}

/**
 * As `writeFileAtomically`, for a file that must not be there yet: of several processes that try, on whatever machines,
 * one succeeds, and the others find its whole contents.
 *
 * @returns whether this call made the file
 */
export async function createFileAtomically(path: string, contents: string | Uint8Array): Promise<boolean> {
  try {
    // Unlike a rename, a second name for the temporary file does not replace what is there.
    await writeBeside(path, contents, async (temporary) => {
      await link(temporary, path);
      await rm(temporary);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeBeside(
  path: string,
  contents: string | Uint8Array,
  put: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.partial`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await put(temporary);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Removes what a process that was killed in {@link writeFileAtomically} has left in `folder`, and nobody else's files.
 */
export async function removePartial(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\..+\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.partial$/.test(name))
      await rm(join(folder, name), { force: true });
  }
}

/** A rename is on disk only when its folder is. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
