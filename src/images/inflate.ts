import { Inflate } from 'fflate';
import { ImageError, ImageTooLargeError } from './errors.js';

/**
 * Bytes `start` to `end` of zlib data that inflate to `total` bytes. Nothing beyond them is kept and, unless they are
 * the last, nothing beyond them is inflated. Data that inflate to more than `total` are refused at that point, however
 * large they would become.
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

/** Deflated files may always become as large as this, and beyond it only as far as `RATIO` carries them. */
const MODEST = 16 * 2 ** 20;
const MOST = 256 * 2 ** 20;
/** Ultrasound deflates to a tenth or so; bombs, to a thousandth. */
const RATIO = 100;
/** Small parts, so that no more than 4 MB come at once. */
const STEP = 4096;

/**
 * Inflates raw deflate data of unknown length, with or without padding behind them, and stops where they become larger
 * than images do.
 *
 * @throws ImageTooLargeError there, and ImageError where the data end early
 */
export function inflateRaw(bytes: Uint8Array, name: string): Uint8Array {
  const limit = Math.min(MOST, Math.max(MODEST, RATIO * bytes.length));
  const parts: Uint8Array[] = [];
  let [total, ended] = [0, false];
  const inflate = new Inflate((part, final) => {
    parts.push(part);
    total += part.length;
    ended ||= final;
  });
  for (let at = 0; at < bytes.length && !ended; at += STEP) {
    inflate.push(bytes.subarray(at, at + STEP), at + STEP >= bytes.length);
    if (total > limit) {
      throw new ImageTooLargeError(
        `${name}: its ${bytes.length} deflated bytes inflate to more than ${Math.round(limit / 2 ** 20)} MB, as no image does; convert it to explicit little endian.`,
      );
    }
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
