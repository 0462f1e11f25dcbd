import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { angleOfProgression, FrameTransform } from '../../train/index.js';
import { doubtsOf, measure, NOTICE, toFrameResult, warningsOf } from '../frame-result.js';
import type { ModelDescription } from '../model-description.js';
import { deadlineOf } from './deadline.js';
import type { UploadDecoder } from './decoder-pool.js';
import type { InferenceService } from './inference.js';
import type { ServerLimits } from './limits.js';
import type { Overlays } from './overlays.js';
import { predictionQuerySchema, predictionSchema } from './prediction-schema.js';
import { Problem } from './problem.js';
import { problems } from './responses.js';

export interface PredictRouteParts {
  readonly model: ModelDescription;
  readonly inference: InferenceService;
  readonly decoder: UploadDecoder;
  readonly overlays: Overlays;
  readonly limits: ServerLimits;
}

type Query = z.output<typeof predictionQuerySchema>;
type Prediction = z.output<typeof predictionSchema>;

/** `POST /v1/predict`: an image in, landmarks and angle out. */
export function registerPredictRoute(app: FastifyInstance, parts: PredictRouteParts): void {
  const { model, inference, decoder, overlays, limits } = parts;
  const size = model.inputSize;
  const network = { size, grid: model.config.model.grid, calibration: model.calibration ?? undefined };
  const schema = {
    summary: 'Finds the landmarks and the angle of progression in one frame',
    description: 'Nothing of the image is stored on disk or logged.',
    querystring: predictionQuerySchema,
    response: { 200: predictionSchema, ...problems(413, 415, 422, 429, 503) },
  };
  app.post<{ Querystring: Query; Reply: Prediction }>('/v1/predict', { schema }, async (request, reply) => {
    const { frame, heatmaps } = request.query;
    reply.header('cache-control', 'no-store');
    const signal = deadlineOf(reply, limits);
    const bytes = uploadOf(request.body);
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

/** The file that the body brought. */
function uploadOf(body: unknown): Uint8Array {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new Problem('unreadable-image', 'The request has no body; send the bytes of one image.');
  }
  return body;
}
