import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { type FrameResult, frameResult, loopSummary, NOTICE, parseFrames } from '../../model/index.js';
import type { OverlayOptions } from '../../train/overlay/index.js';
import type { ModelDescription } from '../model-description.js';
import { deadlineOf } from './deadline.js';
import type { DecodedUpload } from './decoding.js';
import type { DecodingPool } from './decoding-pool.js';
import type { InferenceService } from './inference.js';
import type { ServerLimits } from './limits.js';
import type { Overlays } from './overlays.js';
import { predictionQuerySchema, predictionSchema } from './prediction-schema.js';
import { Problem } from './problem.js';
import { problems } from './responses.js';

export interface PredictRouteParts {
  readonly model: ModelDescription;
  readonly inference: InferenceService;
  readonly decodingPool: DecodingPool;
  readonly overlays: Overlays;
  readonly limits: ServerLimits;
}

type Query = z.output<typeof predictionQuerySchema>;
type Prediction = z.output<typeof predictionSchema>;

/** Maximum number of frames of an upload that are decoded at a time, so that long loops do not fill the memory. */
const AT_ONCE = 16;

/** `POST /v1/predict`: takes an image, returns landmarks and angle of its frames. */
export function registerPredictRoute(app: FastifyInstance, parts: PredictRouteParts): void {
  const { model, inference, decodingPool, overlays, limits } = parts;
  const size = model.inputSize;
  const network = { size, grid: model.config.model.grid, calibration: model.calibration ?? undefined };
  const schema = {
    summary: 'Finds the landmarks and the angle of progression in the frames of an image',
    description: 'The image is neither stored on disk nor logged.',
    querystring: predictionQuerySchema,
    response: { 200: predictionSchema, ...problems(413, 415, 422, 429, 503) },
  };

  app.post<{ Querystring: Query; Reply: Prediction }>('/v1/predict', { schema }, async (request, reply) => {
    const { frames, fit, heatmaps } = request.query;
    reply.header('cache-control', 'no-store');
    const signal = deadlineOf(reply, limits);
    const bytes = uploadOf(request.body);
    const limited = {
      frames: parseFrames(frames),
      fit,
      size,
      mostPixels: limits.pixels,
      mostFrames: limits.frames,
      most: AT_ONCE,
    };

    const results: (FrameResult & { readonly overlay: KeptOverlay | null })[] = [];
    const timings = { decode: 0, wait: 0, inference: 0, total: 0, batch: 0 };
    let upload: DecodedUpload;
    do {
      const began = performance.now();
      // Bytes are given away to the thread that decodes them.
      const task = { ...limited, bytes: Uint8Array.from(bytes), skip: results.length };
      upload = await decodingPool.decode(task, signal);
      timings.decode += performance.now() - began;
      const waiting = upload.frames.map(({ pixels }) => inference.predict(pixels, { heatmaps, signal }));
      const inferences = await Promise.all(waiting);
      for (const [i, { prediction }] of inferences.entries()) {
        const { view, source, picture } = upload.frames[i];
        const result = frameResult(prediction, view, source, network);
        results.push({ ...result, overlay: keep({ ...result, predicted: result.landmarks, pixels: picture }) });
      }
      timings.wait += Math.max(...inferences.map(({ waited }) => waited));
      timings.inference += Math.max(...inferences.map(({ took }) => took));
      timings.batch = Math.max(timings.batch, ...inferences.map(({ batch }) => batch));
    } while (results.length < upload.chosen);

    const { width, height, spacing } = results[0];
    return {
      image: { format: upload.format, width, height, frameCount: upload.frameCount, spacing },
      frames: results.map(({ heatmaps: maps, ...result }) => ({
        ...result,
        ...(maps && heatmaps && { heatmaps: { ...maps, levels: Buffer.from(maps.levels).toString('base64') } }),
      })),
      loop: loopSummary(results),
      timings: { ...timings, total: reply.elapsedTime },
      model: { name: model.name, sha256: model.weights.f32.sha256 },
      notice: NOTICE,
    };
  });

  function keep(overlay: OverlayOptions): KeptOverlay | null {
    const kept = overlays.keep(overlay);
    return kept ? { url: `/v1/overlays/${kept.id}.png`, expires: kept.expires.toISOString() } : null;
  }
}

interface KeptOverlay {
  readonly url: string;
  readonly expires: string;
}

/** The file in the request body. */
function uploadOf(body: unknown): Uint8Array {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new Problem('unreadable-image', 'The request has no body; send the bytes of one image.');
  }
  return body;
}
