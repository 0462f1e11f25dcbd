import type { FastifyInstance, FastifyRequest } from 'fastify';
import { angleOfProgression, FrameTransform } from '../../train/index.js';
import { doubtsOf, measure, NOTICE, toFrameResult, warningsOf } from '../frame-result.js';
import type { ModelDescription } from '../model-description.js';
import { deadlineOf } from './deadline.js';
import type { UploadDecoder } from './decoder-pool.js';
import type { InferenceService } from './inference.js';
import type { ServerLimits } from './limits.js';
import type { Overlays } from './overlays.js';
import { Problem } from './problem.js';
import { predictionQuerySchema, predictionSchema } from './schemas.js';

export interface PredictRouteParts {
  readonly model: ModelDescription;
  readonly inference: InferenceService;
  readonly decoder: UploadDecoder;
  readonly overlays: Overlays;
  readonly limits: ServerLimits;
}

interface Query {
  readonly frame: number;
  readonly heatmaps: boolean;
}

/** `POST /v1/predict`: an image in, landmarks and angle out. */
export function registerPredictRoute(app: FastifyInstance, parts: PredictRouteParts): void {
  const { model, inference, decoder, overlays, limits } = parts;
  const size = model.inputSize;
  const network = { size, grid: model.config.model.grid, calibration: model.calibration ?? undefined };
  const schema = {
    summary: 'Finds the landmarks and the angle of progression in one frame',
    description: 'Nothing of the image is stored on disk or logged.',
    querystring: predictionQuerySchema,
    response: { 200: predictionSchema },
  };
  app.post<{ Querystring: Query }>('/v1/predict', { schema }, async (request, reply) => {
    const { frame, heatmaps } = request.query;
    reply.header('cache-control', 'no-store');
    const signal = deadlineOf(reply, limits);
    const bytes = await readUpload(request);
    const began = performance.now();
    const task = { bytes, frame, size, mostPixels: limits.pixels, mostFrames: limits.frames };
    const decoded = await decoder.decode(task, signal);
    const decodedAt = performance.now();
    const { prediction, waited, took, batch } = await inference.predict(decoded.pixels, { heatmaps, signal });
    const { format, width, height, frameCount, spacing, scale, offset, picture } = decoded;
    const result = toFrameResult(prediction, new FrameTransform(scale, offset), network);
    const { landmarks, confidence, uncertainty } = result;
    const aop = angleOfProgression(landmarks);
    const overlay = overlays.keep({ pixels: picture, width, height, predicted: landmarks, aop });
    return {
      image: { format, width, height, frame, frameCount, spacing: spacing ?? null },
      landmarks,
      ...measure(landmarks, spacing),
      confidence,
      uncertainty,
      warnings: [...doubtsOf(result), ...warningsOf(landmarks, decoded)],
      ...(heatmaps &&
        result.heatmaps && {
          heatmaps: { ...result.heatmaps, levels: Buffer.from(result.heatmaps.levels).toString('base64') },
        }),
      timings: {
        decode: decodedAt - began,
        wait: waited,
        inference: took,
        total: reply.elapsedTime,
        batch,
      },
      overlay: overlay ? { url: `/v1/overlays/${overlay.id}.png`, expires: overlay.expires.toISOString() } : null,
      model: { name: model.name, sha256: model.weights.f32.sha256 },
      notice: NOTICE,
    };
  });
}

/** The bytes of the one file in the request, in memory of their own. */
async function readUpload(request: FastifyRequest): Promise<Uint8Array> {
  if (request.isMultipart()) return readForm(request);
  if (!(request.body instanceof Buffer) || request.body.length === 0) {
    throw new Problem('unreadable-image', 'The request has no body; send the bytes of one image.');
  }
  return Uint8Array.from(request.body);
}

async function readForm(request: FastifyRequest): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  try {
    const file = await request.file();
    bytes = file && Uint8Array.from(await file.toBuffer());
  } catch (error) {
    // What the parser foresees has a status; what it trips over is a form that is damaged or breaks off.
    if (error instanceof Error && 'statusCode' in error) throw error;
    throw new Problem('bad-request', 'The form is damaged or breaks off; send it again.');
  }
  if (!bytes) throw new Problem('unreadable-image', 'The form holds no file; send one image in a field of type file.');
  return bytes;
}
