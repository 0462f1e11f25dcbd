/** Frames out of a collection [frames, pixels] as greys: byte/255, or what the n-th table of 256 says of it. */
export function gatherFramesReference(
  frames: readonly Uint8Array[],
  indices: readonly number[],
  tables?: ArrayLike<number>,
): Float64Array {
  const pixels = frames[0].length;
  const greys = new Float64Array(indices.length * pixels);
  for (const [n, index] of indices.entries()) {
    const frame = frames[Math.min(index, frames.length - 1)];
    for (const [p, byte] of frame.entries()) {
      greys[n * pixels + p] = tables ? tables[256 * n + byte] : byte / 255;
    }
  }
  return greys;
}
