import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import { decodeFrame, ImageError, type ImageFormat, imageFormat, isUsualExtension } from '../../images/index.js';
import { imageKey } from '../dataset/locate.js';
import { type PerceptualHash, perceptualHash } from '../duplicates/index.js';
import type { Findings } from './findings.js';
import type { LabelRow } from './labels.js';

/** An image that a row names, once decoded. */
export interface CheckedImage {
  readonly row: LabelRow;
  readonly path: string;
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  /** SHA-256 of the file. */
  readonly digest: string;
  readonly hash: PerceptualHash;
}

/** Greys, of 255, that a picture spans at least: JPEG makes one or two of nothing. */
const LEAST_GREYS = 4;

/** Opens and decodes the image of a row. @returns undefined where that cannot be, which is a finding */
export async function checkImage(row: LabelRow, findings: Findings): Promise<CheckedImage | undefined> {
  const { imagePath: path, image } = row;
  if (path === undefined) {
    findings.add('image-missing', row, `the image ${image} is not there; copy it beside the labels or remove the row.`);
    return undefined;
  }
  try {
    const bytes = await readFile(path);
    const frame = await decodeFrame(bytes, findings.short(path));
    const format = imageFormat(bytes);
    // decodeFrame has refused what has no format.
    if (format === undefined) return undefined;
    checkName(row, path, format, findings);
    checkGreys(row, frame.pixels, findings);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return { row, path, format, width: frame.width, height: frame.height, digest, hash: perceptualHash(frame) };
  } catch (error) {
    const known = error instanceof ImageError || (error instanceof Error && 'syscall' in error);
    if (!known) throw error;
    findings.add('image-unreadable', row, error.message);
    return undefined;
  }
}

function checkName(row: LabelRow, path: string, format: ImageFormat, findings: Findings): void {
  const { base, ext } = parse(path);
  if (!isUsualExtension(format, ext)) {
    const name = ext === '' ? 'has no extension' : `is named ${ext}`;
    findings.add('image-extension', row, `${base} is ${format} inside and ${name}; other programs may refuse it.`);
  }
  if (imageKey(base) !== imageKey(row.image)) {
    findings.add('image-name', row, `the row names ${row.image}, and the file is called ${base}; it is used.`);
  }
}

function checkGreys(row: LabelRow, pixels: Float32Array, findings: Findings): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of pixels) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const greys = (high - low) * 255;
  if (greys >= LEAST_GREYS) return;
  findings.add(
    'image-blank',
    row,
    `${row.image} spans ${greys.toFixed(1)} of 255 greys, which shows nothing; export it again or remove the row.`,
  );
}

/** Whether a file begins as an image does. */
export async function beginsAsImage(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const head = new Uint8Array(132);
    const { bytesRead } = await file.read(head);
    return imageFormat(head.subarray(0, bytesRead)) !== undefined;
  } finally {
    await file.close();
  }
}
