import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';

/** Collects the methods of the routes registered after it. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Rejects all other methods of these routes with 405 and the allowed ones, before any body is read. */
export function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const allowed = [...known].sort().join(', ');
    const refuse = () => {
      throw new Problem('method-not-allowed', `This URL supports ${allowed} only; /openapi.json describes it.`);
    };
    app.route({
      method: app.supportedMethods.filter((method) => !known.has(method)),
      url,
      schema: { hide: true },
      onRequest: async (_request, reply) => {
        reply.header('allow', allowed);
        refuse();
      },
      handler: refuse,
    });
  }
}
