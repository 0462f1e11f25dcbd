import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeGreyJpeg, encodeGreyPng, ImageError } from '../../../src/train/image/index.js';
import { imageElements, words, writeDicom } from './dicom-writer.js';

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 24);
const image = { width: 24, height: 18, pixels: noise(432) };
const palette = [0, 1, 2].flatMap((c) => [
  [0x00281101 + c, 'US', words([4, 0, 16])] as const,
  [0x00281221 + c, 'OW', words([0, 1, 0, 1, 3, 60_000])] as const,
]);

const samples: Record<string, Uint8Array> = {
  PNG: await encodeGreyPng(image),
  JPEG: await encodeGreyJpeg(image, 80),
  'greyscale DICOM': writeDicom({ elements: imageElements(24, 18, 'MONOCHROME2', image.pixels) }),
  'palette DICOM': writeDicom({ elements: imageElements(24, 18, 'PALETTE COLOR', image.pixels, palette) }),
  'JPEG in DICOM': writeDicom({
    transferSyntax: '1.2.840.10008.1.2.4.50',
    elements: imageElements(24, 18, 'MONOCHROME2', undefined),
    fragments: [await encodeGreyJpeg(image, 80)],
  }),
};
const jpeg2000 = new URL('../../../../shared/fixtures/dicom/US1_J2KR.dcm', import.meta.url);
if (existsSync(jpeg2000)) samples['JPEG 2000 in DICOM'] = new Uint8Array(readFileSync(jpeg2000));

/** A damaged file is a frame with values in [0, 1], or an ImageError of one sentence that names the file. */
async function decodesOrRefuses(bytes: Uint8Array): Promise<void> {
  try {
    const frame = await decodeFrame(bytes, 'fuzzed.dcm');
    expect(frame.pixels.length).toBe(frame.width * frame.height);
    expect(frame.pixels.every((v) => v >= 0 && v <= 1)).toBe(true);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.message).toMatch(/^fuzzed\.dcm: [^\n]+\.$/);
  }
}

describe.each(Object.entries(samples))('a damaged %s', (label, bytes) => {
  const numRuns = label.includes('2000') ? 12 : 120;

  it('with bytes changed throws nothing but ImageError', async () => {
    // Half of the changes fall on the first bytes, where the structure is.
    const position = fc.oneof(fc.nat(Math.min(800, bytes.length - 1)), fc.nat(bytes.length - 1));
    const changes = fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(changes, async (edits) => {
        const damaged = Uint8Array.from(bytes);
        for (const [at, value] of edits) damaged[at] = value;
        await decodesOrRefuses(damaged);
      }),
      { numRuns },
    );
  });

  it('cut short is refused', async () => {
    // The last bytes of a file may be padding or an end marker that a decoder does not need.
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 40), async (length) => {
        await expect(decodeFrame(bytes.slice(0, length), 'cut.dcm')).rejects.toBeInstanceOf(ImageError);
      }),
      { numRuns },
    );
  });
});
