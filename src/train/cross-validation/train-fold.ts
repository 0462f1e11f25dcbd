import { rm } from 'node:fs/promises';
import type { Device } from '../../index.js';
import { loadNetworkFrames } from '../dataset/index.js';
import { evaluate } from '../evaluate/index.js';
import { canResume, runTraining } from '../loop/index.js';
import type { ProgressStream } from '../progress/index.js';
import { writeFileAtomically } from '../run-folder/index.js';
import { type Claim, claim, type Holder } from './claim.js';
import type { FoldCases } from './create-splits.js';
import type { CrossValidationFolder } from './folder.js';
import type { HeldOut } from './held-out.js';

export interface FoldInput {
  readonly device: Device;
  readonly folder: CrossValidationFolder;
  readonly cases: FoldCases;
  /** Counted from 1. */
  readonly fold: number;
  readonly stream: ProgressStream;
  readonly signal?: AbortSignal;
}

/**
 * Trains the model of a fold with the frames of all others, or goes on where a process before has stopped, and lets it
 * answer the frames of the fold. Does nothing where that is done.
 *
 * @returns who else is doing it, if anybody is
 */
export async function trainFold(input: FoldInput): Promise<Holder | undefined> {
  const { device, folder, fold } = input;
  const claimed = await claim(folder.lockOf(fold), device.info.description);
  if (!('release' in claimed)) return claimed;
  try {
    if (!(await folder.readHeldOut(fold))) await trainClaimed(input, claimed);
    return undefined;
  } finally {
    await claimed.release();
  }
}

async function trainClaimed({ device, folder, cases, fold, stream, signal }: FoldInput, own: Claim): Promise<void> {
  const { config, splits } = folder;
  const out = folder.runOf(fold);
  const resume = canResume(out);
  // What a process left that was stopped before there was anything to go on from.
  if (!resume) await rm(out, { recursive: true, force: true });
  const validation = cases.folds[fold - 1];
  const training = cases.folds.filter((_, index) => index !== fold - 1).flat();
  stream.write(`${resume ? 'going on' : 'training'} on ${device.info.description}\n`);
  const signals = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
  const outcome = await runTraining({
    device,
    config,
    out,
    stream,
    resume,
    data: { training, validation },
    signal: signals,
  });
  const size = config.model.inputSize;
  const frames = await loadNetworkFrames(validation, size, { keepOriginals: true, signal: signals });
  // Its predicted errors were calibrated on the same frames, the only ones that this model has not seen.
  const evaluation = await evaluate({ device, run: out, split: 'validation', frames });
  const { metrics, trainingSet } = evaluation;
  const heldOut: HeldOut = {
    version: 1,
    fold,
    fingerprint: splits.data.fingerprint,
    weights: metrics.weights,
    epochs: outcome.epochs,
    bestEpoch: metrics.epoch,
    trainingFrames: trainingSet.frames,
    meanLandmarks: trainingSet.meanLandmarks,
    cases: evaluation.cases.map(({ predicted, truth, spacing }, i) => ({
      file: validation[i].file,
      predicted,
      truth,
      ...(spacing ? { spacing } : {}),
    })),
  };
  await own.check();
  await writeFileAtomically(folder.heldOutFileOf(fold), `${JSON.stringify(heldOut)}\n`);
  stream.write(`held-out frames: APD ${metrics.apd.toFixed(2)} px\n`);
}
