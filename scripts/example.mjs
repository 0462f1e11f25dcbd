// Serves examples/live-training with the browser bundles, as any static server would: `npm run example:live`.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import fastifyStatic from '@fastify/static';
import fastify from 'fastify';
import { buildBrowserBundles } from './browser-bundles.mjs';

const PAGE = '/examples/live-training/';
/** All that is served, at the addresses that it has in the repository. */
const FOLDERS = ['examples/live-training', 'dist/browser'];

/**
 * @param {number} port 0 for any that is free
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serveLiveTraining(port) {
  await buildBrowserBundles('dist/browser');
  const server = fastify();
  for (const folder of FOLDERS) {
    await server.register(fastifyStatic, {
      root: resolve(folder),
      prefix: `/${folder}/`,
      decorateReply: false,
      cacheControl: false,
    });
  }
  server.get('/', (_, reply) => reply.redirect(PAGE));
  const address = await server.listen({ port, host: '127.0.0.1' });
  return { url: `${address.replace('127.0.0.1', 'localhost')}${PAGE}`, close: () => server.close() };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await serveLiveTraining(Number(process.argv[2] ?? 8001));
  console.log(`${url} (Ctrl-C ends it)`);
}
