import { join } from 'node:path';
import type { Frame } from '../../images/index.js';
import { angleOfProgression } from '../../model/landmarks.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { angleError, evaluateLandmarks, type LandmarkCase } from '../metrics/index.js';
import { renderContactSheet, renderOverlay } from '../overlay/index.js';
import {
  GALLERY_FILE,
  type GalleryPicture,
  gallerySchema,
  type Prediction,
  writeFileAtomically,
} from '../run-folder/index.js';

export type DrawableFrame = NetworkFrame & { readonly original: Frame };

export function hasOriginal(frame: NetworkFrame): frame is DrawableFrame {
  return frame.original !== undefined;
}

/**
 * Draws the frames with the least, the middle and the greatest mean distance, and each kind also in a row of one sheet.
 *
 * @param rows Landmarks in each frame's own pixels.
 * @param cases The same landmarks in pixels of a 512 frame.
 * @param count Frames of each kind.
 * @returns the pictures' paths: best, median, worst, sheet
 */
export async function writeGallery(
  folder: string,
  frames: readonly DrawableFrame[],
  rows: readonly Prediction[],
  cases: readonly LandmarkCase[],
  count: number,
): Promise<string[]> {
  const distances = cases.map((one) => evaluateLandmarks([one]).apd);
  const order = frames.map((_, i) => i).sort((a, b) => distances[a] - distances[b]);
  const middle = Math.max(0, Math.floor((order.length - count) / 2));
  const chosen = {
    best: order.slice(0, count),
    median: order.slice(middle, middle + count),
    worst: order.slice(-count).reverse(),
  };
  const gallery: GalleryPicture[] = [];
  const drawn: Uint8Array[] = [];
  for (const kind of gallerySchema.element.shape.kind.options) {
    for (const [rank, index] of chosen[kind].entries()) {
      const { predicted, truth, filename } = rows[index];
      const place = rank + 1;
      const overlay = await renderOverlay({
        ...frames[index].original,
        predicted,
        truth,
        aop: angleOfProgression(predicted),
        title: `${kind} ${place}: ${filename}, ${distances[index].toFixed(1)} px`,
      });
      const picture = `${kind}-${place}.png`;
      await writeFileAtomically(join(folder, picture), overlay);
      const aopError = angleError(cases[index]) ?? null;
      gallery.push({ picture, kind, place, filename, apd: distances[index], aopError });
      drawn.push(overlay);
    }
  }
  const sheet = join(folder, 'sheet.png');
  await writeFileAtomically(sheet, await renderContactSheet(drawn, Math.min(count, order.length)));
  await writeFileAtomically(join(folder, GALLERY_FILE), `${JSON.stringify(gallery, null, 2)}\n`);
  return [...gallery.map(({ picture }) => join(folder, picture)), sheet];
}
