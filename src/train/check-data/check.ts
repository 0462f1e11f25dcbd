import { stat } from 'node:fs/promises';
import { angleOfProgression } from '../../model/landmarks.js';
import { DatasetError, SPLITS, type Split } from '../dataset/index.js';
import { findImage } from '../dataset/locate.js';
import { mapConcurrently } from '../map-concurrently.js';
import { mean } from '../metrics/index.js';
import { checkDuplicates, checkRepeatedRows } from './duplicates.js';
import { Findings } from './findings.js';
import { beginsAsImage, type CheckedImage, checkImage } from './images.js';
import { type LabelRow, readLabels, type SplitLabels } from './labels.js';
import { checkAngle, checkPosition } from './landmarks.js';
import type { DataReport, SplitSummary } from './report.js';

export interface CheckOptions {
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between images, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** Share of all frames that makes a size the usual one. */
const USUAL = 0.9;

/**
 * Looks for everything that would stop training on a data set, or spoil it, before hours are spent: reads every label
 * and decodes every image, and goes on after what it finds. What `readDataset` and `loadCase` refuse is among the
 * errors.
 *
 * @throws DatasetError where there is no such folder
 */
export async function checkData(directory: string, options: CheckOptions = {}): Promise<DataReport> {
  const isFolder = await stat(directory)
    .then((found) => found.isDirectory())
    .catch(() => false);
  if (!isFolder) throw new DatasetError(`${directory}: there is no such folder; give the folder of a data set.`);
  const findings = new Findings(directory);
  const labels: SplitLabels[] = [];
  for (const split of SPLITS) {
    const found = await readLabels(directory, split, findings);
    if (found) labels.push(found);
  }
  const rows = labels.flatMap((one) => one.rows);
  const images = await checkImages(rows, findings, options);
  checkSizes(images, findings);
  checkDuplicates(images, findings);
  for (const one of labels) {
    checkRepeatedRows(one.rows, findings);
    checkAngles(one, findings);
    await checkFiles(one, findings);
  }
  const summary = (one: SplitLabels) =>
    summarize(
      one,
      images.filter(({ row }) => row.split === one.split),
      findings,
    );
  const found = findings.sorted();
  const count = (severity: string) => found.filter((finding) => finding.severity === severity).length;
  return {
    version: 1,
    directory,
    splits: Object.fromEntries(labels.map((one) => [one.split, summary(one)])) as Partial<Record<Split, SplitSummary>>,
    counts: { error: count('error'), warning: count('warning'), note: count('note') },
    findings: found,
  };
}

async function checkImages(
  rows: readonly LabelRow[],
  findings: Findings,
  { onProgress, signal }: CheckOptions,
): Promise<CheckedImage[]> {
  let done = 0;
  onProgress?.(0, rows.length);
  const check = async (row: LabelRow) => {
    const image = await checkImage(row, findings);
    onProgress?.(++done, rows.length);
    return image;
  };
  const images = await mapConcurrently(rows, check, { signal });
  const decoded = images.filter((image) => image !== undefined);
  for (const image of decoded) {
    const { landmarks } = image.row;
    if (landmarks) checkPosition({ ...image.row, landmarks }, image, findings);
  }
  return decoded;
}

/** Frames of another size than nearly all have. */
function checkSizes(images: readonly CheckedImage[], findings: Findings): void {
  const [usual] = sizesOf(images);
  if (!usual || usual.count < USUAL * images.length) return;
  for (const { row, width, height } of images) {
    if (width === usual.width && height === usual.height) continue;
    findings.add(
      'image-size',
      row,
      `${row.image} is ${width}×${height} pixels, where ${usual.count} of ${images.length} frames are ` +
        `${usual.width}×${usual.height}; see whether it belongs there.`,
    );
  }
}

function checkAngles({ rows }: SplitLabels, findings: Findings): void {
  const given = rows.some(({ aop }) => aop !== undefined);
  for (const row of rows) {
    const { landmarks } = row;
    if (landmarks) checkAngle({ ...row, landmarks }, findings);
    if (given && row.aop === undefined) {
      findings.add('angle-missing', row, `${row.image} has no AoP; it is computed from the points.`);
    }
  }
}

/** Images that no row names, and those that another one of the same name hides. */
async function checkFiles({ split, named, images }: SplitLabels, findings: Findings): Promise<void> {
  const taken = new Set([...named].map((name) => findImage(images, name)));
  for (const path of images.byName.values()) {
    if (taken.has(path) || !(await beginsAsImage(path))) continue;
    findings.add('image-unlabelled', { split, path }, 'no row names this image; add its labels or leave it out.');
  }
  for (const [path, other] of images.hidden) {
    const message = `${findings.short(other)} has the same name and is taken instead; rename one of the two.`;
    findings.add('image-hidden', { split, path }, message);
  }
}

function summarize({ path, rows }: SplitLabels, images: readonly CheckedImage[], findings: Findings): SplitSummary {
  const distinct = [...new Map(images.map((image) => [image.path, image])).values()];
  const formats = groupByFrequency(distinct, ({ format }) => format);
  const angles = rows.map(({ landmarks }) => landmarks && angleOfProgression(landmarks));
  const known = angles.filter((angle) => angle !== undefined);
  const apart = rows.flatMap(({ aop }, i) => {
    const angle = angles[i];
    return aop === undefined || angle === undefined ? [] : [Math.abs(angle - aop.degrees)];
  });
  const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
  const smallest = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
  return {
    labels: findings.short(path),
    rows: rows.length,
    images: distinct.length,
    formats: Object.fromEntries(formats.map(([format, { length }]) => [format, length])),
    sizes: sizesOf(distinct),
    ...(known.length > 0 ? { aop: { low: smallest(known), mean: mean(known), high: largest(known) } } : {}),
    ...(apart.length > 0 ? { aopDifference: { count: apart.length, mean: mean(apart), largest: largest(apart) } } : {}),
  };
}

/** How many images there are of each size, the most frequent first. */
function sizesOf(images: readonly CheckedImage[]): { width: number; height: number; count: number }[] {
  return groupByFrequency(images, ({ width, height }) => `${width}×${height}`).map(([, same]) => {
    const { width, height } = same[0];
    return { width, height, count: same.length };
  });
}

/** Images of each kind, the most frequent kind first. */
function groupByFrequency(
  images: readonly CheckedImage[],
  kindOf: (image: CheckedImage) => string,
): [string, CheckedImage[]][] {
  const kinds = new Map<string, CheckedImage[]>();
  for (const image of images) {
    const same = kinds.get(kindOf(image));
    if (same) same.push(image);
    else kinds.set(kindOf(image), [image]);
  }
  return [...kinds].sort(([, a], [, b]) => b.length - a.length);
}
