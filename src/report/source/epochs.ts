import { z } from 'zod';
import type { SourceFolder } from './file.js';

/** JSON has no NaN: what is not finite was written as null. */
const value = z.number().nullish();

/** A line of `metrics.jsonl`. */
const epochSchema = z.object({
  epoch: z.int(),
  learningRate: value,
  trainingLoss: value,
  trainingExcess: value,
  trainingApd: value,
  validationLoss: value,
  validationExcess: value,
  validationApd: value,
  validationAopMae: value,
  gradientNorm: value,
  imagesPerSecond: value,
  best: z.boolean().nullish(),
});
export type Epoch = z.output<typeof epochSchema>;

const METRICS = 'metrics.jsonl';

/** The epochs of a run in order. Where an epoch stands twice, because a run was resumed, the later line counts. */
export async function readEpochs(folder: SourceFolder): Promise<Epoch[]> {
  const text = await folder.text(METRICS, ': there are no training curves.');
  const epochs = new Map<number, Epoch>();
  // What follows the last line break is empty, or half a line of a run that is being written or was killed.
  for (const [index, line] of (text ?? '').split('\n').slice(0, -1).entries()) {
    if (line.trim() === '') continue;
    const read = folder.parsed(line, epochSchema, `${folder.file(METRICS)}, line ${index + 1},`);
    if (read) epochs.set(read.epoch, read);
  }
  return [...epochs.values()].sort((a, b) => a.epoch - b.epoch);
}
