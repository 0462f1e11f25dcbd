import { z } from 'zod';
import { SondeError } from '../../engine/errors.js';
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensors, WeightsError } from '../../model/index.js';
import { positionSchema, type TrainingPosition } from './position.js';

/** A checkpoint that cannot be used: damaged, or of another run. */
export class CheckpointError extends SondeError {
  override name = 'CheckpointError';
}

/** State of a training run from which it resumes as if it had never been interrupted. */
export interface TrainingState {
  readonly position: TrainingPosition;
  /** Weights, their moving average and the optimizer's moments, by name. */
  readonly tensors: SafetensorsTensors;
  /** What the state belongs to. */
  readonly run: RunIdentity;
}

/** What must be unchanged for a run to resume with the same bits. */
export interface RunIdentity {
  /** The configuration as JSON. */
  readonly config: string;
  /** Fingerprint of the training and validation frames. */
  readonly frames: string;
  /** Adapter and driver. */
  readonly adapter: string;
  /** Fingerprint of the kernels that were measured to be the fastest. */
  readonly kernels: string;
}

const FORMAT = 'sonde training state 1';
const metadataSchema = z.object({
  format: z.literal(FORMAT),
  position: z.string(),
  config: z.string(),
  frames: z.string(),
  adapter: z.string(),
  kernels: z.string(),
});

/** One safetensors file, so that other tools can look into it. */
export function encodeState({ position, tensors, run }: TrainingState): Uint8Array<ArrayBuffer> {
  return encodeSafetensors({ ...tensors }, { format: FORMAT, position: JSON.stringify(position), ...run });
}

/** @param source File name, for messages. @throws CheckpointError for a file that is no whole state of this version */
export function decodeState(bytes: Uint8Array, source: string): TrainingState {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const { position, format, ...run } = metadataSchema.parse(metadata);
    return { position: positionSchema.parse(JSON.parse(position)), tensors, run };
  } catch (cause) {
    const expected = cause instanceof WeightsError || cause instanceof z.ZodError || cause instanceof SyntaxError;
    if (!expected) throw cause;
    const finding = cause instanceof WeightsError ? cause.message : `it is not a "${FORMAT}"`;
    throw new CheckpointError(`${source} cannot be resumed from: ${finding}; start a new run.`, { cause });
  }
}
