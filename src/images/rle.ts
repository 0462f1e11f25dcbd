import { ImageError } from './errors.js';

/** A header of sixteen 32-bit numbers: how many segments there are, and where each begins. */
const HEADER_BYTES = 64;
/** Two bytes become at most this many. */
const LONGEST_RUN = 128;

/**
 * Decodes one frame of RLE lossless (PS3.5, annex G): one segment of PackBits for each byte of each sample, high bytes
 * first.
 *
 * @returns the samples by plane, little endian
 */
export function decodeRle(
  stream: Uint8Array,
  size: { readonly count: number; readonly samples: number; readonly bytes: number },
  name: string,
): Uint8Array {
  const { count, samples, bytes } = size;
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const segments = stream.length >= HEADER_BYTES ? view.getUint32(0, true) : 0;
  if (segments !== samples * bytes) {
    throw new ImageError(
      `${name}: its RLE frame has ${segments} segments, ${samples} samples of ${8 * bytes} bits need ${samples * bytes}; ` +
        'the file is damaged, export it again.',
    );
  }
  // Before the memory is asked for: a stream this short cannot become the frame, however it is filled.
  if (((stream.length - HEADER_BYTES) / 2) * LONGEST_RUN < count * segments) throw tooShort(name);
  const decoded = new Uint8Array(count * segments);
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : stream.length;
    const sample = Math.floor(segment / bytes);
    const low = bytes - 1 - (segment % bytes);
    unpack(stream.subarray(start, end), decoded, { at: sample * count * bytes + low, step: bytes, count }, name);
  }
  return decoded;
}

/** Undoes PackBits into every `step`th byte of `into`. */
function unpack(
  packed: Uint8Array,
  into: Uint8Array,
  { at, step, count }: { readonly at: number; readonly step: number; readonly count: number },
  name: string,
): void {
  let done = 0;
  for (let i = 0; i + 1 < packed.length && done < count; ) {
    const control = packed[i];
    i += 1;
    if (control === 128) continue;
    const repeated = control > 128;
    const length = Math.min(repeated ? 257 - control : control + 1, count - done);
    if (!repeated && i + length > packed.length) throw tooShort(name);
    for (let k = 0; k < length; k++, done++) into[at + done * step] = packed[repeated ? i : i + k];
    i += repeated ? 1 : control + 1;
  }
  if (done < count) throw tooShort(name);
}

function tooShort(name: string): ImageError {
  return new ImageError(`${name}: its RLE data end before the frame does; the file is truncated, export it again.`);
}
