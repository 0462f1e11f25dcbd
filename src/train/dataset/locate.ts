import { type Dirent, promises as fs } from 'node:fs';
import { basename, dirname, join, parse } from 'node:path';
import { ANGLE_FILES, DatasetError, LABEL_FILES, LAYOUT, plain, SPLIT_FOLDERS, type Split } from './layout.js';

/** Names of images are compared without folder and case, and with accents composed: macOS decomposes those of files. */
export function imageKey(name: string): string {
  return basename(name.replaceAll('\\', '/')).normalize('NFC').toLowerCase();
}

/** The label file of a split. @throws DatasetError with what was looked for, where it is not there */
export async function findLabels(directory: string, split: Split): Promise<string> {
  const wanted = join(...LAYOUT[split].folder, LAYOUT[split].labels);
  const root = await list(directory);
  if (!root) throw new DatasetError(`${directory}: there is no such folder; give the folder that holds ${wanted}.`);
  const folder = root.find((entry) => isFolderOf(entry, split));
  if (!folder) {
    const found = root.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    throw new DatasetError(
      `${directory}: looked for ${wanted} and found no folder ${LAYOUT[split].folder[0]} ` +
        `(folders there: ${found.join(', ') || 'none'}).`,
    );
  }
  // In the split's folder itself, then in the folders there: training labels lie one level deeper.
  const top = join(directory, folder.name);
  const entries = (await list(top)) ?? [];
  const places = [top, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(top, entry.name))];
  for (const place of places) {
    const match = (await list(place))?.find((entry) => !entry.isDirectory() && LABEL_FILES.includes(plain(entry.name)));
    if (match) return join(place, match.name);
  }
  throw new DatasetError(
    `${top}: found no ${LAYOUT[split].labels}, neither there nor one folder deeper; looked for ${wanted}.`,
  );
}

/** Whether a data set has a folder for a split, whatever is in it. */
export async function hasSplit(directory: string, split: Split): Promise<boolean> {
  return (await list(directory))?.some((entry) => isFolderOf(entry, split)) ?? false;
}

function isFolderOf(entry: Dirent, split: Split): boolean {
  return entry.isDirectory() && SPLIT_FOLDERS[split].includes(plain(entry.name));
}

/** The file of angles that lies beside the labels, if there is one. */
export async function findAngles(labelsPath: string): Promise<string | undefined> {
  const folder = dirname(labelsPath);
  const beside = (await list(folder))?.find((entry) => ANGLE_FILES.includes(plain(entry.name)));
  return beside && join(folder, beside.name);
}

export interface ImageIndex {
  readonly byName: Map<string, string>;
  /** Without extension, for labels that say .png where the file is .jpg; absent where two files share the stem. */
  readonly byStem: Map<string, string>;
  /** Files that go by the name of another one, which is taken. */
  readonly hidden: Map<string, string>;
}

/** The file that a label means. */
export function findImage({ byName, byStem }: ImageIndex, name: string): string | undefined {
  const key = imageKey(name);
  return byName.get(key) ?? byStem.get(parse(key).name);
}

/** Every file beside the labels and in the folders there. Files beside the labels win over those in folders. */
export async function findImages(folder: string): Promise<ImageIndex> {
  const byName = new Map<string, string>();
  const stems = new Map<string, string | undefined>();
  const hidden = new Map<string, string>();
  const add = (path: string) => {
    const key = imageKey(path);
    if (key.endsWith('.csv') || key.endsWith('.json')) return;
    const taken = byName.get(key);
    if (taken !== undefined) {
      hidden.set(path, taken);
      return;
    }
    byName.set(key, path);
    const stem = parse(key).name;
    stems.set(stem, stems.has(stem) ? undefined : path);
  };
  const entries = (await list(folder)) ?? [];
  for (const entry of entries) if (!entry.isDirectory()) add(join(folder, entry.name));
  for (const entry of entries.filter((entry) => entry.isDirectory())) {
    for (const inner of (await list(join(folder, entry.name))) ?? []) {
      if (!inner.isDirectory()) add(join(folder, entry.name, inner.name));
    }
  }
  const byStem = new Map<string, string>();
  for (const [stem, path] of stems) if (path !== undefined) byStem.set(stem, path);
  return { byName, byStem, hidden };
}

/** The entries of a folder by name, or undefined where there is none. */
async function list(folder: string): Promise<Dirent[] | undefined> {
  try {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DatasetError(`${folder}: cannot be listed (${(error as Error).message}); check its permissions.`, {
      cause: error,
    });
  }
}
