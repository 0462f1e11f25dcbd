/**
 * What the server takes and answers, predictions aside. Requests are checked by these schemas and those of `prediction-schema.ts`,
 * answers are written by them, and they are the OpenAPI document.
 */
import { z } from 'zod';
import { PROBLEM_CODES } from './problem.js';

export const weightsQuerySchema = z.strictObject({
  precision: z.enum(['f32', 'f16'], { error: 'f32 or f16' }).default('f32').describe('Of the weights'),
});

export const overlayParamsSchema = z.strictObject({
  name: z
    .string()
    .max(64, { error: 'the name that a prediction gave' })
    .describe('As in the `overlay.url` of a prediction'),
});

/** Of an address without parameters. */
export const noQuerySchema = z.strictObject({});

/** Bytes of a file. */
export const binarySchema = z.any().meta({ type: 'string', format: 'binary' });

export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES).describe('Which problem, for programs'),
    detail: z.string().describe('What is wrong and what to do about it, for people'),
  })
  .describe('RFC 9457');

const weightsFile = z.strictObject({ bytes: z.int(), sha256: z.string() });

export const modelSchema = z.strictObject({
  name: z.string(),
  architecture: z.string(),
  inputSize: z.int().describe('Side of the frames given to the network, pixels'),
  parameters: z.int(),
  metadata: z.record(z.string(), z.string()),
  config: z.record(z.string(), z.unknown()).describe('The configuration of the training'),
  calibration: z.record(z.string(), z.unknown()).nullable().describe('Of its predicted errors, where the run has one'),
  weights: z.strictObject({ f32: weightsFile, f16: weightsFile }),
  precision: z.enum(['f32', 'f16']),
  mostFrames: z.int().describe('Frames that a file may have'),
  notice: z.string(),
});

export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'opening the GPU']),
  adapter: z.string().nullable(),
  uploads: z.int().describe('Uploads that arrive or are worked on'),
  waiting: z.int().describe('Frames that wait for the GPU'),
  connections: z.int().describe('Connections that are open'),
  uptime: z.number().describe('Seconds'),
});

export const documentSchema = z.record(z.string(), z.unknown());
