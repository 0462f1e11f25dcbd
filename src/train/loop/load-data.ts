import { loadNetworkFrames, type NetworkFrame, outOfSightNote, type TrainingCases } from '../dataset/frames.js';
import type { DataSource } from '../dataset/index.js';
import type { ProgressStream } from '../progress/index.js';
import type { SeenCorrection } from '../run-folder/seen-corrections.js';
import type { TrainedSet } from '../run-folder/training-set.js';
import { casesOf, type RunPlan } from './dry-run.js';
import { type FrameOfSet, refuseOverlap, withoutReplaced } from './overlap.js';
import { type CaseOfSet, correctionsAmong, readTrainingSets, type TrainingSet } from './training-sets.js';

/** What a run is trained and validated on. */
export interface LoadedData {
  readonly training: readonly NetworkFrame[];
  readonly validation: readonly NetworkFrame[];
  /** How often an epoch takes each training frame. */
  readonly weights?: readonly number[];
  /** The data sets, where the run read any. */
  readonly sets?: readonly TrainedSet[];
  /** Training frames whose labels a person made of a prediction. */
  readonly corrections: readonly SeenCorrection[];
}

/**
 * Reads the frames that a run uses, of data sets or of cases that are given. @throws DatasetError, ImageError,
 * TrainingError
 */
export async function loadTrainingData(
  data: readonly DataSource[] | TrainingCases,
  plan: RunPlan,
  stream: ProgressStream,
  signal?: AbortSignal,
): Promise<LoadedData> {
  if ('training' in data) {
    const frames = await loadCases(casesOf(plan, data), plan, stream, signal);
    return { ...frames, corrections: [] };
  }
  const read = await readTrainingSets(data, { validation: !plan.validateOnTraining });
  const cases = casesOf(plan, read);
  const { training: all, validation } = await loadCases(cases, plan, stream, signal);
  const paired = pair(cases.training, all);
  if (read.sets.length > 1) await refuseOverlap(read.sets, paired, pair(cases.validation, validation));
  const kept = withoutReplaced(paired);
  if (kept.length < paired.length) {
    const count = paired.length - kept.length;
    stream.write(
      `note: ${count} training ${count === 1 ? 'frame is' : 'frames are'} in a later data set too, whose labels are used\n`,
    );
  }
  const sets = read.sets.map((set) => summarize(set, paired, kept));
  for (const line of sets.length > 1 ? sets.map(describe) : []) stream.write(`${line}\n`);
  const training = kept.map(({ frame }) => frame);
  return {
    training,
    validation: plan.validateOnTraining ? training : validation,
    weights: kept.map(({ one }) => one.set.weight),
    sets,
    corrections: await correctionsAmong(kept.map(({ one }) => one)),
  };
}

async function loadCases(
  { training: cases, validation: others }: TrainingCases,
  plan: RunPlan,
  stream: ProgressStream,
  signal?: AbortSignal,
): Promise<{ training: NetworkFrame[]; validation: NetworkFrame[] }> {
  const { inputSize: size } = plan.config.model;
  const validated = plan.validateOnTraining
    ? 'frames, validated on themselves'
    : `and ${others.length} validation frames`;
  stream.write(`reading ${cases.length} training ${validated}\n`);
  const training = await loadNetworkFrames(cases, size, { signal });
  const validation = plan.validateOnTraining ? training : await loadNetworkFrames(others, size, { signal });
  const notes = [
    outOfSightNote(training, 'training'),
    plan.validateOnTraining ? undefined : outOfSightNote(validation, 'validation'),
  ];
  for (const note of notes) if (note !== undefined) stream.write(`note: ${note}\n`);
  return { training, validation };
}

function pair(cases: readonly CaseOfSet[], frames: readonly NetworkFrame[]): FrameOfSet[] {
  return cases.map((one, i) => ({ one, frame: frames[i] }));
}

function summarize(set: TrainingSet, all: readonly FrameOfSet[], kept: readonly FrameOfSet[]): TrainedSet {
  const own = (frames: readonly FrameOfSet[]) => frames.filter(({ one }) => one.set === set).length;
  const [frames, before] = [own(kept), own(all)];
  return { name: set.name, weight: set.weight, frames, replaced: before - frames };
}

function describe({ name, weight, frames }: TrainedSet): string {
  return `  ${name}: ${frames} training ${frames === 1 ? 'frame' : 'frames'}${weight === 1 ? '' : `, weight ${weight}`}`;
}
