/** Whether a file is called as the header of a MetaImage whose samples are in another file. */
export function isHeaderFile(name: string): boolean {
  return /\.mhd$/i.test(name);
}

/** Whether a file is called as samples without a header, which are no image by themselves. */
export function isSamplesFile(name: string): boolean {
  return /\.z?raw$/i.test(name);
}
