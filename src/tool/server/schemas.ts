/**
 * What the server takes and answers, predictions aside. Requests are checked by these schemas and those of
 * `prediction-schema.ts`, answers are written by them, and they are the OpenAPI document.
 */
import { z } from 'zod';
import { PROBLEM_CODES } from './problem.js';

export const weightsQuerySchema = z.strictObject({
  precision: z.enum(['f32', 'f16'], { error: 'f32 or f16' }).default('f32').describe('Precision of the weights'),
});

export const overlayParamsSchema = z.strictObject({
  name: z
    .string()
    .max(64, { error: 'a name from a prediction' })
    .describe('Name from the `overlay.url` of a prediction'),
});

/** Schema of a URL without parameters. */
export const noQuerySchema = z.strictObject({});

/** Schema of a file, in bytes. */
export const binarySchema = z.any().meta({ type: 'string', format: 'binary' });

export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES).describe('Identifier of the problem, for programs'),
    detail: z.string().describe('What is wrong and how to fix it, for people'),
  })
  .describe('RFC 9457');

const weightsFile = z.strictObject({ bytes: z.int(), sha256: z.string() });

export const modelSchema = z.strictObject({
  name: z.string(),
  architecture: z.string(),
  inputSize: z.int().describe('Width and height of the input of the network, pixels'),
  parameters: z.int(),
  metadata: z.record(z.string(), z.string()),
  config: z.record(z.string(), z.unknown()).describe('Training configuration'),
  calibration: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Calibration of the predicted errors, if the run has one'),
  weights: z.strictObject({ f32: weightsFile, f16: weightsFile }),
  precision: z.enum(['f32', 'f16']),
  mostFrames: z.int().describe('Maximum number of frames in a file'),
  notice: z.string(),
});

export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'opening the GPU']),
  adapter: z.string().nullable(),
  uploads: z.int().describe('Uploads being received or processed'),
  waiting: z.int().describe('Frames waiting for the GPU'),
  connections: z.int().describe('Open connections'),
  uptime: z.number().describe('Seconds'),
});

export const documentSchema = z.record(z.string(), z.unknown());
