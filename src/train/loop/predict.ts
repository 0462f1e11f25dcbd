import { readFile } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import type { Device } from '../../index.js';
import { decodeFrame, type Frame, fitFrame, ImageError } from '../image/index.js';
import { angleOfProgression, type Landmarks } from '../landmarks.js';
import { renderOverlay } from '../overlay/index.js';
import { writeFileAtomically } from '../run-folder/index.js';
import { mapLandmarks } from './coordinates.js';
import { type RunReading, withRun } from './trained-run.js';

/** One image's result, as written to JSON. */
export interface ImageResult {
  readonly file: string;
  /** Pixels of the image. */
  readonly width: number;
  readonly height: number;
  /** In the image's own pixels, whole numbers at pixel centres. */
  readonly landmarks: Landmarks;
  /** Angle of progression, degrees; null where two landmarks coincide. */
  readonly aop: number | null;
  /** How far each landmark's heatmap stands behind the point, 0 to 1: see `FramePrediction`. */
  readonly confidence: Record<keyof Landmarks, number>;
  /** Millimetres per pixel where the image says so. */
  readonly spacing: { readonly x: number; readonly y: number } | null;
  /** The picture with landmarks, rays and angle. */
  readonly overlay: string;
}

/**
 * Predicts the landmarks of images (PNG, JPEG, DICOM, MHA) with a trained run and draws them. All images are decoded before
 * anything is written.
 *
 * @param out Folder for the overlays and `predictions.json`.
 * @param reading Default: the best weights, decoded as the run's configuration says.
 * @throws ImageError for an image that cannot be read; RunError for a folder without a model
 */
export async function predictImages(
  device: Device,
  run: string,
  images: readonly string[],
  out: string,
  reading: Partial<RunReading> = {},
): Promise<ImageResult[]> {
  const frames: Frame[] = [];
  for (const path of images) frames.push(await decodeFrame(await readImage(path), path));
  const { fitted, predictions } = await withRun(
    device,
    run,
    { checkpoint: 'best', ...reading },
    async ({ predictor, config }) => {
      const fitted = frames.map((frame) => fitFrame(frame, config.model.inputSize));
      return { fitted, predictions: await predictor.predict(fitted.map(({ pixels }) => pixels)) };
    },
  );
  const names = overlayNames(images);
  const results: ImageResult[] = [];
  for (const [i, frame] of frames.entries()) {
    const landmarks = mapLandmarks(predictions[i].landmarks, (point) => fitted[i].transform.toFrame(point));
    const aop = angleOfProgression(landmarks);
    const overlay = join(out, names[i]);
    const { width, height, spacing } = frame;
    await writeFileAtomically(
      overlay,
      await renderOverlay({ ...frame, predicted: landmarks, aop, title: basename(images[i]) }),
    );
    const { confidence } = predictions[i];
    results.push({
      file: images[i],
      width,
      height,
      landmarks,
      aop: aop ?? null,
      confidence,
      spacing: spacing ?? null,
      overlay,
    });
  }
  await writeFileAtomically(join(out, 'predictions.json'), `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

async function readImage(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ImageError(
      `${path}: the file cannot be read (${(cause as NodeJS.ErrnoException).code}); check its path.`,
      { cause },
    );
  }
}

/** A picture's name for each image, no two alike: images of the same name in different folders are numbered. */
function overlayNames(images: readonly string[]): string[] {
  const taken = new Set<string>();
  return images.map((path) => {
    const stem = parse(path).name;
    let name = `${stem}-overlay.png`;
    for (let number = 2; taken.has(name); number++) name = `${stem}-${number}-overlay.png`;
    taken.add(name);
    return name;
  });
}
