/** Confirmed frames as a training set in one ZIP file. Loaded on demand. */
import { encode } from 'fast-png';
import { strToU8, zipSync } from 'fflate';
import type { Frame } from '../../../images/frame.js';
import { greyBytes } from '../../../images/grey-bytes.js';
import type { Corrections } from '../../../train/dataset/corrections.js';
import { CORRECTIONS_FILE, LAYOUT } from '../../../train/dataset/layout.js';
import { isCorrected } from '../annotate/annotation.js';
import type { ExportedFrame } from './document.js';
import { trainingSet } from './training-labels.js';

/**
 * A ZIP with `Training/Labeled cases/label.csv` and a PNG for every frame, as the data set's layout has it: a
 * training set. The pictures are made from the pixels alone: names and numbers that stood in DICOM files are not in
 * them.
 *
 * @param pixels The frames' pixels, one after the other
 * @param origin Whose predictions the labels were made of: `corrections.json` says so, and which of them were moved
 */
export async function trainingArchive(
  frames: readonly ExportedFrame[],
  pixels: (index: number) => Promise<Frame>,
  origin: Pick<Corrections, 'model' | 'created'>,
): Promise<Blob> {
  const { csv, names } = trainingSet(frames);
  const { folder, labels } = LAYOUT.train;
  const corrections: Corrections = {
    version: 1,
    ...origin,
    frames: frames.map(({ annotation }, i) => {
      return { file: names[i], corrected: isCorrected(annotation), predicted: annotation.prediction.landmarks };
    }),
  };
  const files: Record<string, Uint8Array> = {
    [[...folder, labels].join('/')]: strToU8(csv),
    [CORRECTIONS_FILE]: strToU8(`${JSON.stringify(corrections, null, 2)}\n`),
  };
  for (const [index, name] of names.entries()) {
    const { width, height, pixels: greys } = await pixels(index);
    const data = greyBytes(greys);
    files[[...folder, name].join('/')] = encode({ width, height, data, depth: 8, channels: 1 });
  }
  // PNG is compressed already.
  return new Blob([Uint8Array.from(zipSync(files, { level: 0 }))], { type: 'application/zip' });
}
