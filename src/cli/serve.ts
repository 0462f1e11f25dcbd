import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_LIMITS, serve } from '../tool/index.js';
import { latestRun } from './shared/latest-run.js';
import { run } from './shared/run.js';
import { untilStopped } from './shared/until-stopped.js';
import { wholeNumber } from './shared/whole-number.js';

interface Options {
  readonly model?: string;
  readonly host: string;
  readonly port: number;
  readonly allowedHost: readonly string[];
  readonly batch: string;
  readonly maxMegabytes: number;
  readonly maxMegapixels: number;
  readonly maxFrames: number;
  readonly maxConcurrent: number;
  readonly maxConnections: number;
  readonly timeout: number;
  readonly f16?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly quiet?: boolean;
}

const MEBIBYTE = 2 ** 20;

const program = new Command('serve')
  .description('Serves a trained model: the web page and a REST interface (described by /openapi.json).')
  .option('--model <folder>', 'folder of a trained run (default: the newest one in runs/)')
  .option('--port <number>', 'port to listen on; 0 for any free port', port, 8000)
  .option('--host <address>', 'address to listen on; 0.0.0.0 for all interfaces', '127.0.0.1')
  .option(
    '--allowed-host <name>',
    'additional host name to accept, such as that of a reverse proxy; repeatable',
    collect,
    [],
  )
  .addOption(
    new Option('--batch <n>', 'maximum number of frames per batch').choices(['1', '2', '4', '8', '16']).default('8'),
  )
  .option('--max-megabytes <n>', 'maximum size of an upload, MiB', wholeNumber, DEFAULT_LIMITS.fileBytes / MEBIBYTE)
  .option('--max-megapixels <n>', 'maximum size of a frame, megapixels', wholeNumber, DEFAULT_LIMITS.pixels / 1e6)
  .option('--max-frames <n>', 'maximum number of frames in a file', wholeNumber, DEFAULT_LIMITS.frames)
  .option('--max-concurrent <n>', 'maximum number of concurrent predictions', wholeNumber, DEFAULT_LIMITS.concurrent)
  .option('--max-connections <n>', 'maximum number of open connections', wholeNumber, DEFAULT_LIMITS.connections)
  .option('--timeout <seconds>', 'time limit of a request', wholeNumber, DEFAULT_LIMITS.milliseconds / 1000)
  .option('--f16', 'send half-precision weights to pages, half the size')
  .option('--tls-cert <file>', 'TLS certificate, PEM; other machines need HTTPS for WebGPU')
  .option('--tls-key <file>', 'TLS private key, PEM')
  .option('--quiet', 'do not log requests')
  .action(async (options: Options) => {
    const { tlsCert, tlsKey } = options;
    if ((tlsCert === undefined) !== (tlsKey === undefined)) {
      program.error('error: give both --tls-cert and --tls-key, or neither');
    }
    const tls = tlsCert && tlsKey ? { cert: await readFile(tlsCert), key: await readFile(tlsKey) } : undefined;
    const server = await serve({
      model: options.model ?? (await latestRun('runs')),
      host: options.host,
      port: options.port,
      allowedHosts: options.allowedHost,
      batchSize: Number(options.batch),
      limits: {
        fileBytes: options.maxMegabytes * MEBIBYTE,
        pixels: options.maxMegapixels * 1e6,
        frames: options.maxFrames,
        concurrent: options.maxConcurrent,
        connections: options.maxConnections,
        milliseconds: options.timeout * 1000,
      },
      precision: options.f16 ? 'f16' : 'f32',
      tls,
      log: options.quiet ? () => {} : (line) => console.error(line),
    });
    console.log(`${server.url} (${server.adapter}); press Ctrl-C to stop`);
    await untilStopped();
    console.error('stopping; finishing requests in progress');
    await server.close();
  });

function collect(name: string, names: readonly string[]): readonly string[] {
  return [...names, name];
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('It must be at most 65535.');
  return value;
}

await run(program);
