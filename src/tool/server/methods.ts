import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';

/** Collects the methods of the addresses that are registered after it. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Answers every other method at these addresses with 405 and the ones there are, before any body is read. */
export function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const allowed = [...known].sort().join(', ');
    const refuse = () => {
      throw new Problem('method-not-allowed', `This address takes ${allowed}; /openapi.json says what for.`);
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
