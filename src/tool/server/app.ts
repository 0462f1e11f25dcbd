import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { Admission } from './admission.js';
import { Connections } from './connections.js';
import type { DecodingPool } from './decoding-pool.js';
import { fileOfForm, isForm } from './form.js';
import { hostGuard } from './hosts.js';
import type { InferenceService } from './inference.js';
import type { ServerLimits } from './limits.js';
import { collectMethods, refuseOtherMethods } from './methods.js';
import { registerModelRoutes } from './model-routes.js';
import { registerOpenApi, registerOpenApiRoute } from './openapi.js';
import { Overlays } from './overlays.js';
import { registerPage } from './page.js';
import { registerPredictRoute } from './predict-route.js';
import { clientProblemOf, fileTooLarge, Problem, problemOf, stopping } from './problem.js';
import { COMMON_PROBLEMS } from './responses.js';
import { noQuerySchema } from './schemas.js';
import type { ServedModel } from './served-model.js';
import { Uploads } from './uploads.js';

export interface AppOptions {
  readonly model: ServedModel;
  readonly inference: InferenceService;
  readonly decodingPool: DecodingPool;
  readonly limits: ServerLimits;
  /** Folder of the built page; without it only the REST interface is served. */
  readonly page?: string;
  /** Version of the package, for the OpenAPI document. */
  readonly version: string;
  /** Host names to accept in addition to loopback names and the address of the connection. */
  readonly hosts?: readonly string[];
  /** Certificate and key, to serve over HTTPS. */
  readonly tls?: Pick<SecureContextOptions, 'cert' | 'key'>;
  /** Receives one line per response: method, route, status and time, and nothing of the request's contents. */
  readonly log: (line: string) => void;
}

/** The server: REST interface and page. Closing it closes `inference` and `decodingPool` too, after the last answer. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { model, inference, decodingPool, limits, log } = options;
  const answerProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const problem = problemOf(error);
    if (problem.code === 'internal-error') {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log(`error in ${request.routeOptions.url}: ${stack}`);
    }
    if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
    // What is left of the upload is not waited for.
    if (!request.raw.complete) reply.header('connection', 'close');
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
  const app: FastifyInstance = Fastify({
    ...serverOptions(limits, options.tls),
    forceCloseConnections: 'idle',
    // It would answer in a shape of its own.
    return503OnClosing: false,
    frameworkErrors: answerProblem,
    clientErrorHandler: (error, socket) => answerClientError(socket, clientProblemOf(error, limits)),
  });
  const admission = new Admission(limits.concurrent);
  const uploads = new Uploads(limits);
  const connections = new Connections(limits.connections);
  const overlays = new Overlays();
  const checkHost = hostGuard(options.hosts ?? []);
  connections.watch(app.server);

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler(() => {
    throw new Problem('not-found', 'There is nothing at this URL; /openapi.json lists all endpoints.');
  });
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => uploads.release(request.raw));
    checkHost(request.raw);
    if (closing) throw stopping();
  });
  app.addHook('preHandler', async (request) => connections.setWorking(request.socket, true));
  app.addHook('onSend', async (request, reply) => {
    connections.setWorking(request.socket, false);
    // A connection that were kept alive would hold up the end.
    if (closing) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? '(unknown)' : request.routeOptions.url;
    log(`${request.method} ${route} ${reply.statusCode} ${reply.elapsedTime.toFixed(0)} ms`);
  });
  app.addHook('onClose', async () => {
    overlays.clear();
    await Promise.all([inference.close(), decodingPool.close()]);
  });

  // Bodies are files, whatever their type is called; their bytes tell what they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, body: IncomingMessage) => {
    const type = request.headers['content-type'];
    const bytes = await uploads.receive(body);
    const file = isForm(type) ? await fileOfForm(bytes, type) : bytes;
    if (file.length > limits.fileBytes) throw fileTooLarge(limits);
    return file;
  });
  await registerOpenApi(app, options.version);
  await registerPage(app, options.page);
  await app.register(async (scope) => {
    const methods = collectMethods(scope);
    scope.addHook('onRoute', (route) => {
      const schema = route.schema ?? {};
      route.schema = {
        querystring: noQuerySchema,
        ...schema,
        response: { ...COMMON_PROBLEMS, ...(schema.response as object) },
      };
    });
    scope.addHook('preHandler', async (request, reply) => {
      if (request.method === 'POST') reply.raw.once('close', admission.enter());
    });
    registerPredictRoute(scope, { model: model.description, inference, decodingPool, overlays, limits });
    registerModelRoutes(scope, { model, inference, uploads, connections, overlays });
    registerOpenApiRoute(scope);
    refuseOtherMethods(scope, methods);
  });
  return app;
}

/** Idle timeout of a connection, milliseconds. Bodies are timed by `Uploads`; this covers everything else. */
function serverOptions({ milliseconds, patience }: ServerLimits, tls: AppOptions['tls']) {
  // With what is left of a body when its request has been answered.
  const requestTimeout = milliseconds + patience;
  const timeouts = { headersTimeout: patience, requestTimeout, connectionsCheckingInterval: Math.min(1000, patience) };
  return {
    requestTimeout,
    // A client that does not take its answer.
    connectionTimeout: requestTimeout,
    keepAliveTimeout: patience,
    ...(tls ? { https: { ...timeouts, ...tls, handshakeTimeout: patience } } : { http: timeouts }),
  };
}

/** Responds to requests that could not be parsed. */
function answerClientError(socket: Socket, problem: Problem): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.toJSON().title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Whoever does not read it may not keep the connection either.
  socket.setTimeout(1000, () => socket.destroy());
}
