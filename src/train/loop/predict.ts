import { readFile } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import type { Device } from '../../index.js';
import { mapLandmarks } from '../../model/coordinates.js';
import { type AngleUncertainty, type FrameUncertainty, frameUncertainty, scaleUncertainty } from '../../model/index.js';
import { decodeFrame, type Frame, fitFrame, ImageError } from '../image/index.js';
import { angleOfProgression, type Landmarks } from '../landmarks.js';
import { scaleTo512 } from '../metrics/index.js';
import { renderOverlay } from '../overlay/index.js';
import { readCalibration, writeFileAtomically } from '../run-folder/index.js';
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
  /** How far off they may be, in the image's own pixels and degrees. */
  readonly uncertainty: ImageUncertainty;
  /** Whether a person should look at the frame; null where the run has no threshold for it. */
  readonly lowConfidence: boolean | null;
  /** Millimetres per pixel where the image says so. */
  readonly spacing: { readonly x: number; readonly y: number } | null;
  /** Of an ensemble what each member says, in the image's own pixels. */
  readonly members?: readonly Landmarks[];
  /** The picture with landmarks, rays and angle. */
  readonly overlay: string;
}

export interface ImageUncertainty extends Pick<FrameUncertainty, 'landmarks' | 'predictedError'> {
  /** Whether the numbers were calibrated on frames whose truth is known. Else they are the widths of the heatmaps. */
  readonly calibrated: boolean;
  /** Null where there is no angle. */
  readonly aop: AngleUncertainty | null;
}

/**
 * Predicts the landmarks of images (PNG, JPEG, DICOM, MHA, MHD) with a trained run, or the mean of several, and draws them. All images
 * are decoded before anything is written.
 *
 * @param source Folder of a run or an ensemble, or the folders of several runs.
 * @param out Folder for the overlays and `predictions.json`.
 * @param reading Default: the best weights, decoded as the run's configuration says.
 * @throws ImageError for an image that cannot be read; RunError for a folder without a model
 */
export async function predictImages(
  device: Device,
  source: string | readonly string[],
  images: readonly string[],
  out: string,
  reading: Partial<RunReading> = {},
): Promise<ImageResult[]> {
  const frames: Frame[] = [];
  for (const path of images) {
    const beside = (fileName: string) => readBeside(join(dirname(path), fileName));
    frames.push(await decodeFrame(await readImage(path), path, beside));
  }
  const { config, calibration, fitted, predictions } = await withRun(
    device,
    source,
    { checkpoint: 'best', ...reading },
    async (loaded) => {
      const calibration = typeof source === 'string' ? await readCalibration(source, loaded.key) : undefined;
      const fitted = frames.map((frame) => fitFrame(frame, loaded.config.model.inputSize));
      const predictions = await loaded.predictor.predict(fitted.map(({ pixels }) => pixels));
      return { ...loaded, calibration, fitted, predictions };
    },
  );
  const size = config.model.inputSize;
  const names = overlayNames(images);
  const results: ImageResult[] = [];
  for (const [i, frame] of frames.entries()) {
    const { transform } = fitted[i];
    const { confidence, members, ...predicted } = predictions[i];
    const inFrame = (own: Landmarks) => mapLandmarks(own, (point) => transform.toFrame(point));
    const landmarks = inFrame(predicted.landmarks);
    const aop = angleOfProgression(landmarks);
    const uncertainty = scaleUncertainty(
      frameUncertainty(scaleTo512(predicted.landmarks, size), predicted.uncertainty, calibration),
      size / (512 * transform.scale),
    );
    const overlay = join(out, names[i]);
    const { width, height, spacing } = frame;
    await writeFileAtomically(
      overlay,
      await renderOverlay({ ...frame, predicted: landmarks, aop, title: titleOf(images[i], uncertainty) }),
    );
    results.push({
      file: images[i],
      width,
      height,
      landmarks,
      aop: aop ?? null,
      confidence,
      uncertainty: {
        calibrated: calibration !== undefined,
        predictedError: uncertainty.predictedError,
        landmarks: uncertainty.landmarks,
        aop: uncertainty.aop ?? null,
      },
      lowConfidence: uncertainty.lowConfidence ?? null,
      spacing: spacing ?? null,
      ...(members ? { members: members.map(inFrame) } : {}),
      overlay,
    });
  }
  await writeFileAtomically(join(out, 'predictions.json'), `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

function titleOf(path: string, { lowConfidence }: FrameUncertainty): string {
  return lowConfidence ? `${basename(path)}: low confidence` : basename(path);
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

/** Undefined where there is no such file. */
async function readBeside(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ImageError(`${path}: the file cannot be read (${error.code}); check it.`, { cause: error });
  });
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
