import { extname, resolve } from 'node:path';
import { SondeError } from '../../engine/errors.js';
import type { Device } from '../../index.js';
import {
  buildTrainedModel,
  type Decoding,
  decodeSafetensors,
  exportOnnx,
  type FrameType,
  halveWeights,
  heatmapsOf,
} from '../../model/index.js';
import { type Checkpoint, checkpointFile, STATE_FILE } from '../checkpoint/index.js';
import { buildHeatmapReader } from '../predict/build.js';
import { readRun, type TrainedRun } from '../predict/trained-run.js';
import { describeSoftware, writeFileAtomically } from '../run-folder/index.js';
import { type CardSubject, modelCard } from './model-card.js';
import { readRunFacts } from './run-facts.js';

/** A model that cannot be exported as asked. */
export class ExportError extends SondeError {
  override name = 'ExportError';
}

export const EXPORT_FORMATS = ['onnx', 'safetensors'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportInput {
  /** Folder of a trained run. */
  readonly run: string;
  /** The file to write. Its model card is written beside it, under the same name with `.md` behind. */
  readonly out: string;
  readonly checkpoint?: Checkpoint;
  /** Whether kernels are stored in half precision. */
  readonly half?: boolean;
}

export interface OnnxExportInput extends ExportInput {
  /** How points are read from the heatmaps. Default: as the run's configuration says. */
  readonly decoding?: Decoding;
  readonly frameType?: FrameType;
  /** Whether frames of any extent are resized and cropped within the model. Default: yes. */
  readonly fit?: boolean;
}

/** What was written. */
export interface ExportedRun {
  readonly file: string;
  readonly bytes: number;
  readonly card: string;
}

/** The format that a file's name tells. @throws ExportError where it tells none */
export function formatOfFile(file: string): ExportFormat {
  const extension = extname(file).slice(1).toLowerCase();
  const format = EXPORT_FORMATS.find((name) => name === extension);
  if (format) return format;
  throw new ExportError(
    `${file} does not end in ${EXPORT_FORMATS.map((name) => `.${name}`).join(' or ')}; name the file so, or give --format.`,
  );
}

/**
 * Writes a run's model as ONNX, preprocessing and decoding included, and its card.
 *
 * @param device Traces the network; nothing runs on it.
 * @throws as `readRun`; WeightsError for damaged weights; OnnxError where the weights are too many for a file
 */
export async function exportRunToOnnx(device: Device, input: OnnxExportInput): Promise<ExportedRun> {
  const { half = false, frameType = 'uint8', fit = true } = input;
  const trained = await readRun(input.run, input.checkpoint);
  const { config } = trained;
  const { model, metadata } = buildTrainedModel(device, config, trained.weights);
  try {
    const reader = buildHeatmapReader(config, input.decoding);
    const bytes = await exportOnnx(model, {
      size: config.model.inputSize,
      reader,
      heatmaps: heatmapsOf(config, reader),
      frameType,
      fit,
      half,
      version: describeSoftware().sonde,
      metadata,
    });
    return await writeExport(input, bytes, trained, {
      parameters: model.parameterCount,
      decoding: reader.decoding,
      epoch: Number(metadata.epoch ?? 0),
      half,
      onnx: { frameType, fit },
    });
  } finally {
    model.dispose();
  }
}

/**
 * Writes a run's weights as safetensors, under PyTorch's names and in its layouts, and their card.
 *
 * @throws as `readRun`; WeightsError for damaged weights
 */
export async function exportRunToSafetensors(input: ExportInput): Promise<ExportedRun> {
  const { half = false } = input;
  const trained = await readRun(input.run, input.checkpoint);
  const { tensors, metadata } = decodeSafetensors(trained.weights);
  const bytes = half ? halveWeights(trained.weights) : trained.weights;
  const learned = Object.entries(tensors).filter(([name]) => !/\.running_(mean|var)$/.test(name));
  return writeExport(input, bytes, trained, {
    parameters: learned.reduce((total, [, { data }]) => total + data.length, 0),
    decoding: trained.config.model.decoding,
    epoch: Number(metadata.epoch ?? 0),
    half,
  });
}

async function writeExport(
  { run, out, checkpoint = 'best' }: ExportInput,
  bytes: Uint8Array,
  { config, weights }: TrainedRun,
  subject: Omit<CardSubject, 'file' | 'bytes' | 'checkpoint' | 'config' | 'facts' | 'software'>,
): Promise<ExportedRun> {
  const own = [checkpointFile('best'), checkpointFile('last'), STATE_FILE].map((name) => resolve(run, name));
  if (own.includes(resolve(out))) {
    throw new ExportError(`${out} belongs to the run itself, which would lose it; choose another name.`);
  }
  const facts = await readRunFacts(run, weights, subject.decoding);
  const software = describeSoftware();
  const card = `${out}.md`;
  await writeFileAtomically(out, bytes);
  const text = modelCard({ ...subject, file: out, bytes: bytes.length, checkpoint, config, facts, software });
  await writeFileAtomically(card, text);
  return { file: out, bytes: bytes.length, card };
}
