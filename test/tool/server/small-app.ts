import type { FastifyInstance } from 'fastify';
import type { Calibration } from '../../../src/model/index.js';
import { createApp } from '../../../src/tool/server/app.js';
import { decodeUpload } from '../../../src/tool/server/decoding.js';
import type { DecodingPool } from '../../../src/tool/server/decoding-pool.js';
import { InferenceService } from '../../../src/tool/server/inference.js';
import { DEFAULT_LIMITS, type ServerLimits } from '../../../src/tool/server/limits.js';
import { type ServedModel, serveModel } from '../../../src/tool/server/served-model.js';
import { ownDevice, smallRun } from './small-run.js';

/** As the threads of a running server do, without the threads. */
export const decodingPool: DecodingPool = { decode: (task) => decodeUpload(task), close: async () => {} };

export interface SmallAppOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly decodingPool?: DecodingPool;
  readonly calibration?: Calibration;
  readonly hosts?: readonly string[];
  /** What stands in for parts of the real ones. */
  readonly inference?: object;
  readonly model?: (model: ServedModel) => Partial<ServedModel>;
}

export interface SmallApps {
  /** What the apps log. */
  readonly lines: string[];
  open(options?: SmallAppOptions): Promise<FastifyInstance>;
  close(): Promise<void>;
}

/** Servers of `smallRun`, which share one device. */
export async function smallApps(): Promise<SmallApps> {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const run = await smallRun();
  const inference = await InferenceService.start({ run, openDevice: ownDevice, batchSize: 1, log });
  const apps: FastifyInstance[] = [];
  return {
    lines,
    async open(options = {}) {
      const model = await serveModel(run, {
        precision: 'f32',
        mostFrames: 5000,
        calibration: async () => options.calibration,
      });
      const app = await createApp({
        model: { ...model, ...options.model?.(model) },
        // Closing an app closes what it was given; this one is shared by all.
        inference: Object.defineProperties(Object.create(inference), {
          close: { value: async () => {} },
          ...Object.getOwnPropertyDescriptors(options.inference ?? {}),
        }),
        decodingPool: options.decodingPool ?? decodingPool,
        limits: { ...DEFAULT_LIMITS, ...options.limits },
        hosts: options.hosts,
        version: '1.2.3',
        log,
      });
      apps.push(app);
      return app;
    },
    async close() {
      for (const app of apps) await app.close();
      await inference.close();
    },
  };
}
