import { readFile } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { ImageError, type ImageFile, openImage } from '../../images/index.js';
import type { Device } from '../../index.js';
import {
  answerPrepared,
  type Fit,
  type FrameResult,
  type FrameSelection,
  type LoopSummary,
  loopSummary,
  type PreparedFrame,
  prepareFrame,
  selectFrames,
} from '../../model/index.js';
import { renderOverlay } from '../overlay/index.js';
import { readCalibration, writeFileAtomically } from '../run-folder/index.js';
import { type RunReading, withRun } from './trained-run.js';

/** One frame's result, as written to JSON. */
export interface ImageResult extends FrameResult {
  readonly file: string;
  /** What all frames of the file that were looked at say together; null for a file with a single frame. */
  readonly loop: LoopSummary | null;
  /** The picture with landmarks, rays and angle. */
  readonly overlay: string;
}

export interface PredictOptions extends Partial<RunReading> {
  /** Default: all of each file. */
  readonly frames?: FrameSelection | undefined;
  /** What becomes of frames that are not square; default: `crop`, as in training. */
  readonly fit?: Fit | undefined;
}

/** A file with the frames of it that are looked at, from 0. */
interface OpenedFile {
  readonly path: string;
  readonly image: ImageFile;
  readonly chosen: readonly number[];
}

/** Frames that are held at the network's size: each member of an ensemble is loaded once for so many. */
const AT_ONCE = 128;

/**
 * Predicts the landmarks in the frames of images (PNG, JPEG, DICOM, MHA, MHD) with a trained run, or the mean of
 * several, and draws them. Everything is predicted before anything is written; for the drawing frames are decoded
 * again, so that no loop is too long to be held.
 *
 * @param source Folder of a run or an ensemble, or the folders of several runs.
 * @param out Folder for the overlays and `predictions.json`.
 * @param options Default: the best weights, decoded as the run's configuration says.
 * @returns One result for each frame, in the order of the files
 * @throws ImageError for an image that cannot be read; FrameError for a frame that a file does not have; RunError for a
 *   folder without a model
 */
export async function predictImages(
  device: Device,
  source: string | readonly string[],
  images: readonly string[],
  out: string,
  { frames = 'all', fit, ...reading }: PredictOptions = {},
): Promise<ImageResult[]> {
  const files: OpenedFile[] = [];
  for (const path of images) {
    const beside = (fileName: string) => readBeside(join(dirname(path), fileName));
    const image = await openImage(await readImage(path), path, beside);
    files.push({ path, image, chosen: selectFrames(frames, image.frameCount, path) });
  }
  const answers = await withRun(device, source, { checkpoint: 'best', ...reading }, async (loaded) => {
    const { inputSize: size, grid } = loaded.config.model;
    const calibration = typeof source === 'string' ? await readCalibration(source, loaded.key) : undefined;
    const found: FrameResult[] = [];
    const all = files.flatMap(({ image, chosen }) => chosen.map((index) => ({ image, index })));
    while (found.length < all.length) {
      const prepared: PreparedFrame[] = [];
      for (const { image, index } of all.slice(found.length, found.length + AT_ONCE)) {
        const frame = await image.decode(index);
        prepared.push(prepareFrame({ ...frame, frame: index + 1, frameCount: image.frameCount }, size, fit));
      }
      found.push(...(await answerPrepared(loaded.predictor, { size, grid, calibration }, prepared)));
    }
    return found;
  });
  const taken = new Set<string>();
  const results: ImageResult[] = [];
  for (const { path, image, chosen } of files) {
    const own = answers.slice(results.length, results.length + chosen.length);
    const loop = loopSummary(own);
    const names = overlayNames(path, image.frameCount, chosen, taken);
    for (const [i, result] of own.entries()) {
      const overlay = join(out, names[i]);
      const { pixels } = await image.decode(result.frame - 1);
      await writeFileAtomically(
        overlay,
        await renderOverlay({ ...result, predicted: result.landmarks, pixels, title: titleOf(path, result) }),
      );
      results.push({ file: path, ...result, loop, overlay });
    }
  }
  await writeFileAtomically(join(out, 'predictions.json'), `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

function titleOf(path: string, { frame, frameCount, lowConfidence }: FrameResult): string {
  const which = frameCount > 1 ? `${basename(path)}, frame ${frame} of ${frameCount}` : basename(path);
  return lowConfidence ? `${which}: low confidence` : which;
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

/** A picture's name for each frame, no two alike: images of the same name in different folders are numbered. */
function overlayNames(path: string, frameCount: number, chosen: readonly number[], taken: Set<string>): string[] {
  const stem = parse(path).name;
  const digits = String(frameCount).length;
  const frame = (index: number) => (frameCount > 1 ? `-${String(index + 1).padStart(digits, '0')}` : '');
  for (let number = 1; ; number++) {
    const names = chosen.map((index) => `${stem}${number > 1 ? `-${number}` : ''}${frame(index)}-overlay.png`);
    if (names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    return names;
  }
}
