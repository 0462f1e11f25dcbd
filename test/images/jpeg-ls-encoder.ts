import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import openCharls from '@cornerstonejs/codec-charls/wasmjs';

const require = createRequire(import.meta.url);
const charls = await openCharls({ wasmBinary: readFileSync(require.resolve('@cornerstonejs/codec-charls/wasm')) });

/** Writes JPEG-LS for tests; samples by pixel, but by plane where `interleave` is 0. */
export function encodeJpegLs(
  samples: Uint8Array,
  info: {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
  },
  { near = 0, interleave = 0 } = {},
): Uint8Array {
  const encoder = new charls.JpegLSEncoder();
  encoder.getDecodedBuffer(info).set(samples);
  encoder.setNearLossless(near);
  encoder.setInterleaveMode(interleave);
  encoder.encode();
  const stream = encoder.getEncodedBuffer().slice();
  encoder.delete();
  return stream;
}
