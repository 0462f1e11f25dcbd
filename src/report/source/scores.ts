import { z } from 'zod';
import { staleScores } from '../../train/evaluate/index.js';
import { METRICS_FILE, type SplitMetrics, splitMetricsSchema } from '../../train/run-folder/index.js';
import type { SourceFolder } from './file.js';

/** The scores of a run on a split: its heatmaps read as it was trained, and in other ways if it was evaluated so. */
export interface SplitScores {
  readonly own: SplitMetrics | undefined;
  readonly others: readonly SplitMetrics[];
}

export async function readScores(folder: SourceFolder, split: string): Promise<SplitScores> {
  const evaluate = `npm run evaluate -- --run ${folder.path} --data … --split ${split}`;
  const absent = `: the run is trained but not evaluated, so it has curves but no scores; ${evaluate} adds them.`;
  const entries = (await folder.json(METRICS_FILE, z.record(z.string(), z.unknown()), absent)) ?? {};
  const where = folder.file(METRICS_FILE);
  const read = async (key: string) => {
    const scores = folder.checked(entries[key], splitMetricsSchema, `${where}, ${key},`);
    const stale = scores && (await staleScores(folder.path, `${where}, ${key},`, split, scores));
    if (stale === undefined) return scores;
    folder.note(stale);
    return undefined;
  };
  if (Object.keys(entries).length > 0 && entries[split] === undefined) {
    folder.note(
      `${where} has scores of ${Object.keys(entries).join(', ')} and none of ${split}; ${evaluate} adds them.`,
    );
  }
  const others = Object.keys(entries).filter((key) => key.startsWith(`${split}-`));
  return {
    own: entries[split] === undefined ? undefined : await read(split),
    others: (await Promise.all(others.map(read))).filter((scores) => scores !== undefined),
  };
}
