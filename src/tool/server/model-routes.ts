import type { FastifyInstance } from 'fastify';
import type { Precision } from '../model-description.js';
import type { Connections } from './connections.js';
import type { InferenceService } from './inference.js';
import type { Overlays } from './overlays.js';
import { Problem } from './problem.js';
import { empty, file, problems, UNHEALTHY } from './responses.js';
import { healthSchema, modelSchema, overlayParamsSchema, weightsQuerySchema } from './schemas.js';
import type { ServedModel } from './served-model.js';
import type { Uploads } from './uploads.js';

export interface ModelRouteParts {
  readonly model: ServedModel;
  readonly inference: InferenceService;
  readonly uploads: Uploads;
  readonly connections: Connections;
  readonly overlays: Overlays;
}

const MODEL = { summary: 'Information about the model', response: { 200: modelSchema } };
const WEIGHTS = {
  summary: 'Weights of the model, as a safetensors file with PyTorch names and layouts',
  querystring: weightsQuerySchema,
  response: {
    200: file('application/octet-stream', 'The file; its ETag is the SHA-256 in `/v1/model`'),
    304: empty('The file has not changed (If-None-Match)'),
  },
};
const OVERLAY = {
  summary: 'Overlay picture of a recent prediction',
  params: overlayParamsSchema,
  response: { 200: file('image/png', 'The picture'), ...problems(404) },
};
const HEALTH = {
  summary: 'Whether the server is ready to predict',
  response: { 200: healthSchema, 503: UNHEALTHY },
};

/** `/v1/model`, its weights, `/v1/overlays/…` and `/healthz`. */
export function registerModelRoutes(app: FastifyInstance, parts: ModelRouteParts): void {
  const { model, inference, uploads, connections, overlays } = parts;

  app.get('/v1/model', { schema: MODEL }, (_request, reply) => {
    reply.header('cache-control', 'no-cache');
    return model.description;
  });

  app.get<{ Querystring: { precision: Precision } }>('/v1/model/weights', { schema: WEIGHTS }, (request, reply) => {
    const { bytes, sha256 } = model.weights[request.query.precision];
    const etag = `"${sha256}"`;
    reply.headers({ etag, 'cache-control': 'no-cache' });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });

  app.get<{ Params: { name: string } }>('/v1/overlays/:name', { schema: OVERLAY }, async (request, reply) => {
    const picture = await overlays.render(request.params.name.replace(/\.png$/, ''));
    if (!picture) {
      throw new Problem('not-found', 'This picture has expired or never existed; send the frame again.');
    }
    reply.header('cache-control', 'no-store');
    return reply.type('image/png').send(Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength));
  });

  app.get('/healthz', { schema: HEALTH }, (_request, reply) => {
    reply.code(inference.ready ? 200 : 503).header('cache-control', 'no-store');
    return {
      status: inference.ready ? 'ok' : 'opening the GPU',
      adapter: inference.adapter ?? null,
      uploads: uploads.count,
      waiting: inference.waiting,
      connections: connections.count,
      uptime: process.uptime(),
    };
  });
}
