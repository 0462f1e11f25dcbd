import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/tool/server/app.js';
import { decodeUpload } from '../../../src/tool/server/decoding.js';
import { InferenceService } from '../../../src/tool/server/inference.js';
import { DEFAULT_LIMITS } from '../../../src/tool/server/limits.js';
import { serveModel } from '../../../src/tool/server/served-model.js';
import { cutShort, damaged, HEADER_AND_SAMPLES, samples } from '../../images/damaged-files.js';
import { memoryInUse } from '../../support/memory-in-use.js';
import { randomCases } from '../../support/random-cases.js';
import { ownDevice, smallRun } from './small-run.js';

/** Damaged uploads: 1,000 in the long mode of 100 cases, a few in `npm test`. */
const LONG = randomCases.seed === undefined;
const UPLOADS = LONG ? 10 * randomCases.count : 48;
/** What refused and predicted uploads may leave, of which pictures that are kept for ten minutes are the most. */
const LEFT_BYTES = 32e6;

let app: FastifyInstance;
const lines: string[] = [];
beforeAll(async () => {
  const inference = await InferenceService.start({
    run: await smallRun(),
    openDevice: ownDevice,
    batchSize: 1,
    log: (line) => lines.push(line),
  });
  app = await createApp({
    model: await serveModel(await smallRun(), {
      precision: 'f32',
      mostFrames: 5000,
      calibration: async () => undefined,
    }),
    inference,
    decodingPool: { decode: (task) => decodeUpload(task), close: async () => {} },
    limits: DEFAULT_LIMITS,
    version: '1.2.3',
    log: (line) => lines.push(line),
  });
});
afterAll(() => app.close());

const post = (payload: Uint8Array) => app.inject({ method: 'POST', url: '/v1/predict', payload: Buffer.from(payload) });

describe('POST /v1/predict with damaged files', () => {
  // In two files it is a header alone, which is refused before anything else.
  const kinds = Object.entries(samples).filter(([kind]) => kind !== HEADER_AND_SAMPLES && !kind.includes('2000'));
  const upload = fc.constantFrom(...kinds).chain(([, bytes]) =>
    // An empty body is another matter than a bad file.
    fc.oneof(damaged(bytes), cutShort(bytes)).filter(({ length }) => length > 0),
  );

  test('answers each with landmarks or a problem, and goes on', { timeout: 900_000 }, async () => {
    for (const [, bytes] of kinds) expect((await post(bytes)).statusCode).toBe(200);
    const before = await memoryInUse();
    const counts = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(upload, async (bytes) => {
        const answer = await post(bytes);
        counts.set(answer.statusCode, (counts.get(answer.statusCode) ?? 0) + 1);
        expect([200, 413, 415, 422]).toContain(answer.statusCode);
        const { detail, frames } = answer.json();
        if (answer.statusCode === 200) {
          for (const { landmarks } of frames) expect(Number.isFinite(landmarks.ps1.x + landmarks.fh1.y)).toBe(true);
        } else expect(detail).toMatch(/^The upload: [^\n]+\.$/);
        expect(answer.body).not.toMatch(/Doe|Jane/);
      }),
      { numRuns: UPLOADS },
    );
    const left = (await memoryInUse()) - before;
    if (LONG)
      console.log(`${UPLOADS} damaged uploads: ${JSON.stringify([...counts])}, ${(left / 1e6).toFixed(1)} MB left`);
    expect(left).toBeLessThan(LEFT_BYTES);
    expect((await post(samples.PNG)).statusCode).toBe(200);
    expect(lines.join('\n')).not.toMatch(/error in|Doe|Jane/);
  });
});
