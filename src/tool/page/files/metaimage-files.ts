/** Whether a file name is that of a MetaImage header with separate samples. */
export function isHeaderFile(name: string): boolean {
  return /\.mhd$/i.test(name);
}

/** Whether a file name is that of MetaImage samples without a header. */
export function isSamplesFile(name: string): boolean {
  return /\.z?raw$/i.test(name);
}
