/** Frames in numbers: angles, positions of landmarks, and all of it by folder. */
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { mean, spread, standardDeviation } from '../metrics/index.js';
import type { AngleSummary, DataCard, DescribedFrame, FolderSummary, Position } from './card.js';

/** @returns undefined where no frame has an angle */
export function summarizeAngles(frames: readonly DescribedFrame[]): AngleSummary | undefined {
  const angles = frames.flatMap(({ aop }) => aop ?? []);
  if (angles.length === 0) return undefined;
  return { count: angles.length, mean: mean(angles), min: Math.min(...angles), ...spread(angles) };
}

export function summarizePositions(all: readonly Landmarks[]): DataCard['positions'] {
  const of = (name: keyof Landmarks): Position => {
    const [x, y] = (['x', 'y'] as const).map((axis) => all.map((landmarks) => landmarks[name][axis]));
    const sd = { x: standardDeviation(x), y: standardDeviation(y) };
    const centre = { x: mean(x), y: mean(y) };
    const together = x.reduce((sum, value, i) => sum + (value - centre.x) * (y[i] - centre.y), 0) / (x.length - 1);
    return {
      mean: centre,
      ...(sd.x === undefined || sd.y === undefined ? {} : { sd: { x: sd.x, y: sd.y } }),
      ...(sd.x && sd.y ? { correlation: together / (sd.x * sd.y) } : {}),
      low: { x: Math.min(...x), y: Math.min(...y) },
      high: { x: Math.max(...x), y: Math.max(...y) },
    };
  };
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map(of);
  return { ps1, ps2, fh1 };
}

/** One summary for each folder of images of each split, in the order in which they were read. */
export function summarizeFolders(frames: readonly DescribedFrame[]): FolderSummary[] {
  const folders = new Map<string, DescribedFrame[]>();
  for (const frame of frames) {
    const key = JSON.stringify([frame.set, frame.split, frame.folder]);
    const own = folders.get(key);
    if (own) own.push(frame);
    else folders.set(key, [frame]);
  }
  return [...folders.values()].map((own) => {
    const [{ set, split, folder }] = own;
    const spacings = own.flatMap(({ spacing }) => spacing?.x ?? []);
    return {
      set,
      split,
      folder,
      frames: own.length,
      sizes: counted(own.map(({ width, height }) => `${width}×${height}`)),
      formats: counted(own.map(({ format }) => format)),
      devices: counted(own.flatMap(({ device }) => device ?? [])),
      ...(spacings.length > 0
        ? { spacing: { frames: spacings.length, low: Math.min(...spacings), high: Math.max(...spacings) } }
        : {}),
      grey: mean(own.map(({ grey }) => grey)),
      aop: summarizeAngles(own),
      positions: summarizePositions(own.map(({ landmarks }) => landmarks)),
    };
  });
}

/** Distinct values, the most frequent first. */
function counted(values: readonly string[]): { value: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
}
