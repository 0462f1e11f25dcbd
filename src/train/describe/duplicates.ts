import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { findNearDuplicates } from '../duplicates/index.js';
import { mean } from '../metrics/index.js';
import type { DuplicateGroup } from './card.js';
import type { ExaminedFrame } from './examine.js';

/** Frames that show nearly the same picture, in groups: those across splits or data sets first, then the largest. */
export function groupDuplicates(frames: readonly ExaminedFrame[]): DuplicateGroup[] {
  const { groups } = findNearDuplicates(frames.map(({ hash }) => hash));
  const members = new Map<number, ExaminedFrame[]>();
  for (const [i, group] of groups.entries()) members.set(group, [...(members.get(group) ?? []), frames[i]]);
  const found = [...members.values()].filter((own) => own.length > 1).map(describe);
  return found.sort((a, b) => Number(b.across) - Number(a.across) || b.files.length - a.files.length);
}

function describe(own: readonly ExaminedFrame[]): DuplicateGroup {
  const places = new Set(own.map(({ described: { set, split } }) => JSON.stringify([set, split])));
  const labels = own.map(({ described }) => described.landmarks);
  return {
    identical: new Set(own.map(({ fileDigest }) => fileDigest)).size === 1,
    across: places.size > 1,
    files: own.map(({ described }) => described.file),
    labels: { most: mostApart(labels) },
  };
}

/** The largest mean distance of two labels; a loop may have thousands of frames. */
function mostApart(labels: readonly Landmarks[]): number {
  let most = 0;
  for (const [i, a] of labels.entries()) {
    for (let j = i + 1; j < labels.length; j++) most = Math.max(most, meanDistance(a, labels[j]));
  }
  return most;
}

function meanDistance(a: Landmarks, b: Landmarks): number {
  return mean(LANDMARK_NAMES.map((name) => Math.hypot(a[name].x - b[name].x, a[name].y - b[name].y)));
}
