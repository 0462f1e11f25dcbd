/** Files of a drop, including those in folders, sorted by name. */
export async function filesOfDrop(transfer: DataTransfer): Promise<File[]> {
  // Entries must be taken before the first await: the list is emptied when the event is over.
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return sorted(plain);
  const files = await Promise.all(entries.map((entry) => (entry ? filesWithin(entry) : [])));
  return sorted(files.flat());
}

/** Files of a paste; a copied picture counts as one. */
export function filesOfPaste(transfer: DataTransfer): File[] {
  return sorted([...transfer.files]);
}

async function filesWithin(entry: FileSystemEntry): Promise<File[]> {
  if (entry instanceof FileSystemFileEntry) {
    // Folders hold files that no person sees.
    if (entry.name.startsWith('.')) return [];
    return [await new Promise<File>((resolve, reject) => entry.file(resolve, reject))];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  const found: File[] = [];
  // A reader gives a part at a time, and nothing when there is no more.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return found;
    for (const inner of part) found.push(...(await filesWithin(inner)));
  }
}

function sorted(files: readonly File[]): File[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...files].sort((a, b) => collator.compare(a.name, b.name));
}
