import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { decodeSafetensors, halveWeights } from '../../model/index.js';
import type { TrainedRun, TrainingConfig } from '../../train/index.js';
import { NOTICE } from '../frame-result.js';

export type Precision = 'f32' | 'f16';

/** Weights that a page can fetch. */
export interface WeightsFile {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly sha256: string;
}

/** What a page must know to run the model itself, and a person to know which one it is. */
export interface ModelDescription {
  /** Name of the run's folder. */
  readonly name: string;
  readonly architecture: string;
  /** Side of the frames given to the network, pixels. */
  readonly inputSize: number;
  /** Values in the weights, statistics included. */
  readonly parameters: number;
  /** As the training left it in the weights. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: TrainingConfig;
  readonly weights: Readonly<Record<Precision, { readonly bytes: number; readonly sha256: string }>>;
  /** What a page takes unless told otherwise. */
  readonly precision: Precision;
  readonly notice: string;
}

export interface ServedModel {
  readonly description: ModelDescription;
  readonly weights: Readonly<Record<Precision, WeightsFile>>;
}

/** @param precision What a page takes unless told otherwise. @throws WeightsError for a damaged file */
export function serveModel(run: TrainedRun, precision: Precision): ServedModel {
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
    weights: { f32: described(weights.f32), f16: described(weights.f16) },
    precision,
    notice: NOTICE,
  };
  return { description, weights };
}

function hashed(bytes: Uint8Array): WeightsFile {
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
