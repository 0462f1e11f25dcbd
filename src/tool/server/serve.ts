import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { openDevice, SondeError } from '../../index.js';
import { readRun } from '../../train/predict/index.js';
import { readCalibration } from '../../train/run-folder/index.js';
import type { Precision } from '../model-description.js';
import { createApp } from './app.js';
import { openDecodingPool } from './decoding-pool.js';
import { InferenceService } from './inference.js';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.js';
import { serveModel } from './served-model.js';

/** Thrown if the server cannot be started. */
export class ServeError extends SondeError {
  override name = 'ServeError';
}

export interface ServeOptions {
  /** Folder of a trained run. */
  readonly model: string;
  readonly host: string;
  /** Additional host names to accept, such as that of a reverse proxy; see `hostGuard`. */
  readonly allowedHosts?: readonly string[];
  /** Port; 0 for any free port. */
  readonly port: number;
  /** Maximum number of frames per batch; a power of two. */
  readonly batchSize: number;
  readonly limits?: Partial<ServerLimits>;
  /** Default precision of the weights in pages. */
  readonly precision: Precision;
  readonly tls?: Pick<SecureContextOptions, 'cert' | 'key'>;
  readonly log: (line: string) => void;
}

export interface RunningServer {
  /** URL of the server, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly adapter: string;
  /** Stops accepting requests, finishes those in progress, and releases all resources. */
  close(): Promise<void>;
}

/**
 * Starts the web tool and the REST interface for a trained run.
 *
 * @throws RunError, ConfigError, WeightsError for a folder without a usable model; DeviceError without a GPU;
 * ServeError where the address cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host, port, batchSize, log } = options;
  const run = await readRun(options.model);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { decoding } = run.config.model;
  const model = await serveModel(run, {
    precision: options.precision,
    mostFrames: limits.frames,
    calibration: (epoch) => readCalibration(options.model, { checkpoint: 'best', epoch, decoding }),
  });
  const inference = await InferenceService.start({ run, openDevice, batchSize, log });
  const decodingPool = openDecodingPool();
  const page = fileURLToPath(new URL('../../page/', import.meta.url));
  const app = await createApp({
    model,
    inference,
    decodingPool,
    limits,
    page: existsSync(page) ? page : undefined,
    version: await packageVersion(),
    hosts: [host, ...(options.allowedHosts ?? [])],
    tls: options.tls,
    log,
  });
  try {
    const url = await app.listen({ host, port });
    return { url, adapter: inference.adapter ?? '', close: () => app.close() };
  } catch (cause) {
    await app.close();
    throw new ServeError(
      `Cannot listen on ${host}:${port} (${(cause as NodeJS.ErrnoException).code}); choose another --port or --host.`,
      { cause },
    );
  }
}

async function packageVersion(): Promise<string> {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}
