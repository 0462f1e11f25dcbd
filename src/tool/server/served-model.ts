import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { type Calibration, decodeSafetensors, halveWeights, NOTICE } from '../../model/index.js';
import type { TrainedRun } from '../../train/predict/index.js';
import type { ModelDescription, Precision } from '../model-description.js';

/** Weights that a page can download. */
export interface WeightsFile {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly sha256: string;
}

export interface ServedModel {
  readonly description: ModelDescription;
  readonly weights: Readonly<Record<Precision, WeightsFile>>;
}

export interface ServedModelOptions {
  /** Default precision of the weights in a page. */
  readonly precision: Precision;
  readonly mostFrames: number;
  /** Calibration of the run for the weights of an epoch. */
  readonly calibration: (epoch: number) => Promise<Calibration | undefined>;
}

/** @throws WeightsError for a damaged file */
export async function serveModel(run: TrainedRun, options: ServedModelOptions): Promise<ServedModel> {
  const { precision, mostFrames } = options;
  const { tensors, metadata } = decodeSafetensors(run.weights);
  const weights = { f32: hashed(run.weights), f16: hashed(halveWeights(run.weights)) };
  const described = ({ bytes, sha256 }: WeightsFile) => ({ bytes: bytes.length, sha256 });
  const description: ModelDescription = {
    name: basename(dirname(run.path)),
    architecture: run.config.model.architecture,
    inputSize: run.config.model.inputSize,
    parameters: Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0),
    metadata,
    config: run.config,
    calibration: (await options.calibration(Number(metadata.epoch ?? 0))) ?? null,
    weights: { f32: described(weights.f32), f16: described(weights.f16) },
    precision,
    mostFrames,
    notice: NOTICE,
  };
  return { description, weights };
}

function hashed(bytes: Uint8Array): WeightsFile {
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
