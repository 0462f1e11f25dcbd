import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { Checkpoints, type RunIdentity, type TrainingState } from '../checkpoint/index.js';
import { fingerprintOf } from '../dataset/fingerprint.js';
import { openBatchLoader } from './batch-loader.js';
import { BatchSource } from './batch-source.js';
import { INITIAL_WEIGHTS_FILE } from './initial-weights.js';
import { Learner, weightsToUse } from './learner.js';
import { matrixUnitsFor } from './precision.js';
import { TrainingError, type TrainingEvents, type TrainingInput, type TrainingOutcome } from './training-input.js';
import { TrainingLoop } from './training-loop.js';

/**
 * Trains a network by its configuration. After each epoch the folder holds the state from which the run resumes with
 * the same bits, `last.safetensors` and, where no epoch before was better, `best.safetensors` with the weights to use,
 * and another line of metrics; see `Checkpoints`. A run that is complete already returns at once.
 *
 * @throws TrainingError without frames, or where the loss is no longer a finite number; CheckpointError where the
 *   folder's state is another run's; the signal's reason once it aborts
 */
export async function train(input: TrainingInput): Promise<TrainingOutcome> {
  const { device, config, training, weights, validation, initial, folder, passes, events } = input;
  if (training.length === 0 || validation.length === 0) {
    throw new TrainingError(
      `There are ${training.length} training and ${validation.length} validation frames; give at least one of each.`,
    );
  }
  const run = folder && identityOf(input);
  const checkpoints = folder && run && new Checkpoints(folder, run, weightsToUse);
  const state = await checkpoints?.recover();
  if (state && run) noteResumption(state, run, events);
  const matrixUnits = await matrixUnitsFor(device, config, events?.note);
  const loader = await openBatchLoader(device, training, config, {
    note: events?.note,
    place: state?.position.preparation,
  });
  const learner = new Learner(device, config, { ...events, ...state?.position, matrixUnits });
  try {
    if (state) learner.restore(state.tensors, state.position.steps);
    else if (initial) {
      const { path, sha256, layers } = initial;
      const { match, sentence } = learner.initialize(initial);
      events?.note?.(sentence);
      await folder?.writeJson(INITIAL_WEIGHTS_FILE, { path: resolve(path), sha256, layers, ...match });
    }
    const batches = { source: new BatchSource(training, config, passes, weights), loader };
    return await new TrainingLoop(input, learner, batches, checkpoints, state?.position).run();
  } finally {
    learner.dispose();
    loader.dispose();
  }
}

function identityOf({ device, config, training, weights, validation }: TrainingInput): RunIdentity {
  return {
    config: JSON.stringify(config),
    frames: fingerprintOf([training, validation], weights),
    adapter: device.tuning.identity,
    kernels: createHash('sha256').update(JSON.stringify(device.tuning.choices())).digest('hex'),
  };
}

/** Where the run goes on, and whether anything but the same bits is to be expected. */
function noteResumption({ position, run: before }: TrainingState, now: RunIdentity, events?: TrainingEvents): void {
  const { epoch, batch } = position;
  events?.note?.(`resuming after epoch ${epoch}${batch > 0 ? ` and ${batch} steps of the next` : ''}`);
  if (before.adapter !== now.adapter) {
    events?.note?.(`the state was written on ${before.adapter}; on ${now.adapter} results may differ in the last bits`);
  } else if (before.kernels !== now.kernels) {
    events?.note?.('kernels have been tuned since the state was written; results may differ in the last bits');
  }
}
