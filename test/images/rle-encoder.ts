import { join } from './dicom-writer.js';

/** A frame of RLE lossless (PS3.5, annex G): each byte plane in a segment of its own, some of it in runs. */
export function encodeRle(planes: readonly Uint8Array[]): Uint8Array {
  const segments = planes.map(packBits);
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  let at = 64;
  segments.forEach((segment, i) => {
    header.setUint32(4 + 4 * i, at, true);
    at += segment.length;
  });
  return join([new Uint8Array(header.buffer), ...segments]);
}

/** Runs of three and more as runs, the rest literally (PS3.5, G.3.1). */
function packBits(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    let run = 1;
    while (i + run < bytes.length && run < 128 && bytes[i + run] === bytes[i]) run++;
    if (run >= 3) {
      out.push(257 - run, bytes[i]);
      i += run;
    } else {
      const end = Math.min(bytes.length, i + run);
      out.push(end - i - 1, ...bytes.subarray(i, end));
      i = end;
    }
  }
  if (out.length % 2 === 1) out.push(128);
  return Uint8Array.from(out);
}
