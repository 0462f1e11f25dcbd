import { angleOfProgression, LANDMARK_NAMES } from '../../model/landmarks.js';
import { imageKey } from '../dataset/locate.js';
import { findNearDuplicates, HASH_BITS } from '../duplicates/index.js';
import type { Findings } from './findings.js';
import type { CheckedImage } from './images.js';
import type { LabelRow } from './labels.js';

/** Rows of one table that name the same image. */
export function checkRepeatedRows(rows: readonly LabelRow[], findings: Findings): void {
  const first = new Map<string, LabelRow>();
  for (const row of rows) {
    const earlier = first.get(imageKey(row.image));
    if (!earlier) first.set(imageKey(row.image), row);
    else
      findings.add(
        'duplicate-row',
        row,
        `${row.image} was already in row ${earlier.row}${compared(earlier, row)}; keep one of the two.`,
      );
  }
}

/** Images that are the same file, byte for byte, or nearly the same picture, within a split and across. */
export function checkDuplicates(images: readonly CheckedImage[], findings: Findings): void {
  // A file that two rows name is a repeated row, and no copy of itself.
  const distinct = [...new Map(images.map((image) => [image.path, image])).values()];
  const first = new Map<string, CheckedImage>();
  for (const image of distinct) {
    const earlier = first.get(image.digest);
    if (!earlier) {
      first.set(image.digest, image);
      continue;
    }
    const where = placeOf(earlier, findings);
    const across = earlier.row.split !== image.row.split;
    findings.add(
      'duplicate',
      image.row,
      `${image.row.image} is the same file as ${where}${compared(earlier.row, image.row)}; ` +
        (across ? `it is in two splits, so that scores on them are not meaningful; remove one.` : 'remove one.'),
      across ? 'error' : 'warning',
    );
  }
  const unique = [...first.values()];
  const { nearest } = findNearDuplicates(unique.map(({ hash }) => hash));
  for (const [i, near] of nearest.entries()) {
    if (!near) continue;
    const [earlier, image] = [unique[near.index], unique[i]];
    const across = earlier.row.split !== image.row.split;
    findings.add(
      'near-duplicate',
      image.row,
      `${image.row.image} is nearly the same picture as ${placeOf(earlier, findings)} (${near.bits} of ${HASH_BITS} bits differ)` +
        `${compared(earlier.row, image.row)}; ` +
        (across
          ? 'they are in two splits, which flatters the scores; see whether they are of one examination.'
          : 'cross-validation keeps them in one fold.'),
      across ? 'warning' : 'note',
    );
  }
}

function placeOf({ row }: CheckedImage, findings: Findings): string {
  return `${row.image} (${findings.short(row.path)}, row ${row.row})`;
}

/** How the labels of two rows compare, as an aside. */
function compared(a: LabelRow, b: LabelRow): string {
  const [first, second] = [a.landmarks, b.landmarks];
  if (!first || !second) return '';
  const distances = LANDMARK_NAMES.map((name) =>
    Math.hypot(first[name].x - second[name].x, first[name].y - second[name].y),
  );
  const largest = Math.max(...distances);
  if (largest === 0) return ', with the same labels';
  const [angle, other] = [angleOfProgression(first), angleOfProgression(second)];
  const turned = angle === undefined || other === undefined ? '' : ` and ${Math.abs(angle - other).toFixed(1)}°`;
  return `, with labels up to ${largest.toFixed(1)} px${turned} apart`;
}
