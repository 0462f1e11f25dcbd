import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ImageError } from '../../src/images/index.js';
import { memoryInUse } from '../support/memory-in-use.js';
import { randomCases } from '../support/random-cases.js';
import { cutShort, damaged, decodeSample, samples } from './damaged-files.js';

/** The long mode makes 5,000 damaged files of its 100 cases; `npm test`, a few hundred. */
const LONG = randomCases.seed === undefined;
const FILES = LONG ? 50 * randomCases.count : 600;
const perKind = Math.ceil(FILES / (2 * Object.keys(samples).length));
/**
 * Seconds of computing that a few kilobytes may cost, in the long mode alone; what may lie in memory at any time, and
 * what may stay there.
 */
const MOST_SECONDS = 10;
const MOST_BYTES = 1e9;
const LEFT_BYTES = 16e6;

let decoded = 0;
let refused = 0;

/**
 * A damaged file is a frame with values in [0, 1], or an ImageError of one sentence that names the file and no patient.
 */
async function decodesOrRefuses(kind: string, bytes: Uint8Array): Promise<void> {
  const start = process.cpuUsage();
  try {
    const frame = await decodeSample(kind, bytes, 'fuzzed.dcm');
    expect(frame.pixels.length).toBe(frame.width * frame.height);
    expect(frame.pixels.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(
      Object.keys(frame).filter((key) => !['width', 'height', 'pixels', 'spacing', 'region'].includes(key)),
    ).toEqual([]);
    decoded += 1;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.message).toMatch(/^fuzzed\.dcm: [^\n]+\.$/);
    expect(error.message).not.toMatch(/Doe|Jane/);
    refused += 1;
  }
  if (LONG) expect(process.cpuUsage(start).user).toBeLessThan(MOST_SECONDS * 1e6);
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(MOST_BYTES);
}

let before: number;
beforeAll(async () => {
  // What codecs keep for good (code, WebAssembly and its memory) is there after the first files of each kind.
  for (const [kind, bytes] of Object.entries(samples)) {
    for (const file of [bytes, ...fc.sample(damaged(bytes), { numRuns: 5, seed: 1 })]) {
      await decodeSample(kind, file, 'first').catch(() => {});
    }
  }
  before = await memoryInUse();
}, 120_000);

describe.each(Object.entries(samples))('a damaged %s', (kind, bytes) => {
  const numRuns = LONG || !kind.includes('2000') ? perKind : 10;

  it('with bytes changed throws nothing but ImageError', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(damaged(bytes), (file) => decodesOrRefuses(kind, file)),
      { numRuns },
    );
  });

  it('cut short is refused', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(cutShort(bytes), async (file) => {
        await expect(decodeSample(kind, file, 'cut.dcm')).rejects.toBeInstanceOf(ImageError);
        refused += 1;
      }),
      { numRuns },
    );
  });
});

it('damaged files leave no memory behind', async () => {
  const left = (await memoryInUse()) - before;
  if (LONG) {
    console.log(
      `${decoded + refused} damaged files: ${decoded} read, ${refused} refused, ${(left / 1e6).toFixed(1)} MB left`,
    );
  }
  expect(decoded).toBeGreaterThan(0);
  expect(decoded + refused).toBeGreaterThanOrEqual(LONG ? FILES : FILES / 2);
  expect(left).toBeLessThan(LEFT_BYTES);
});
