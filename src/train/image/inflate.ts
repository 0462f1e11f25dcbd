import { ImageError } from './errors.js';

/**
 * Bytes `start` to `end` of zlib data that inflate to `total` bytes. Nothing beyond them is kept and, unless they are the last,
 * nothing beyond them is inflated. Data that inflate to more than `total` are refused at that point, however large they would
 * become.
 *
 * @returns fewer bytes where the data end early
 * @throws ImageError where there is more than `total`
 */
export async function inflateRange(
  bytes: Uint8Array,
  { start, end, total }: { readonly start: number; readonly end: number; readonly total: number },
  name: string,
): Promise<Uint8Array> {
  const kept = new Uint8Array(end - start);
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  try {
    for (let at = 0; at < end || end === total; ) {
      const { done, value } = await reader.read();
      if (done) return kept.subarray(0, Math.max(0, at - start));
      if (at + value.length > total) {
        throw new ImageError(
          `${name}: its compressed samples are more than the ${total} bytes that the header announces; it is truncated or ` +
            'damaged, copy or export it again.',
        );
      }
      const wanted = value.subarray(Math.max(0, start - at), Math.max(0, end - at));
      kept.set(wanted, Math.max(0, at - start));
      at += value.length;
    }
    return kept;
  } finally {
    reader.cancel().catch(() => {});
  }
}
