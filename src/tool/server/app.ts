import type { SecureContextOptions } from 'node:tls';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Admission } from './admission.js';
import type { UploadDecoder } from './decoder-pool.js';
import type { InferenceService } from './inference.js';
import type { ServerLimits } from './limits.js';
import { registerModelRoutes } from './model-routes.js';
import { registerOpenApi } from './openapi.js';
import { Overlays } from './overlays.js';
import { registerPage } from './page.js';
import { registerPredictRoute } from './predict-route.js';
import { fileTooLarge, Problem, problemOf } from './problem.js';
import { problemSchema } from './schemas.js';
import type { ServedModel } from './served-model.js';

export interface AppOptions {
  readonly model: ServedModel;
  readonly inference: InferenceService;
  readonly decoder: UploadDecoder;
  readonly limits: ServerLimits;
  /** Folder of the built page; without one there is the REST interface only. */
  readonly page?: string;
  /** Of the package, for the OpenAPI document. */
  readonly version: string;
  /** Certificate and key, to serve over https. */
  readonly tls?: Pick<SecureContextOptions, 'cert' | 'key'>;
  /** Takes one line for each answer: method, route, status and time, and nothing of the request's contents. */
  readonly log: (line: string) => void;
}

/** Room beside the file in a multipart body. */
const FORM_BYTES = 16_384;

/** The server: REST interface and page. Closing it closes `inference` and `decoder` too, after the last answer. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { model, inference, decoder, limits, log } = options;
  const app: FastifyInstance = Fastify({
    bodyLimit: limits.fileBytes,
    // A client that sends its request slowly holds a place; this ends it.
    requestTimeout: limits.milliseconds,
    forceCloseConnections: 'idle',
    ...(options.tls ? { https: options.tls } : {}),
  });
  const admission = new Admission({ requests: limits.concurrent, bytes: limits.concurrentBytes });
  const overlays = new Overlays();

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error, limits);
    if (problem.code === 'internal-error') log(`error in ${request.routeOptions.url}: ${error.stack ?? error.message}`);
    if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
    // What is left of the upload is not waited for.
    if (problem.status === 413) reply.header('connection', 'close');
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  app.setNotFoundHandler(() => {
    throw new Problem('not-found', 'There is nothing at this address; /openapi.json lists what there is.');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? '(unknown)' : request.routeOptions.url;
    log(`${request.method} ${route} ${reply.statusCode} ${reply.elapsedTime.toFixed(0)} ms`);
  });
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    // A connection that were kept alive would hold up the end.
    if (closing) reply.header('connection', 'close');
  });
  app.addHook('onClose', async () => {
    overlays.clear();
    await Promise.all([inference.close(), decoder.close()]);
  });

  // Bodies are files, whatever their type is called; their bytes tell what they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await app.register(multipart, {
    limits: { fileSize: limits.fileBytes, files: 1, fields: 8, fieldSize: 1024, headerPairs: 32 },
  });
  await registerOpenApi(app, options.version);
  await registerPage(app, options.page);
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      const problems = { '4xx': problemSchema, '5xx': problemSchema };
      route.schema = { ...route.schema, response: { ...problems, ...(route.schema?.response as object) } };
    });
    scope.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'POST') return;
      const announced = Number(request.headers['content-length'] ?? limits.fileBytes);
      if (announced > limits.fileBytes + FORM_BYTES) throw fileTooLarge(limits);
      const leave = admission.enter(announced);
      reply.raw.once('close', leave);
    });
    registerPredictRoute(scope, { model: model.description, inference, decoder, overlays, limits });
    registerModelRoutes(scope, { model, inference, admission, overlays });
  });
  return app;
}
