import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/**
 * Content-Security-Policy: the page may load from and connect to this server only, may not be embedded, and runs no
 * inline code.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  // Compiling WebAssembly: the JPEG 2000 codec.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "font-src 'self'",
  // Pictures that the page itself draws.
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Adds security headers to every response, and serves the files of the page from `folder`, if given. */
export async function registerPage(app: FastifyInstance, folder: string | undefined): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  if (folder === undefined) return;
  await app.register(fastifyStatic, {
    root: folder,
    // Asked again each time and answered from the cache by the ETag: a new version of the page must not mix with an old
    // one.
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  });
}
