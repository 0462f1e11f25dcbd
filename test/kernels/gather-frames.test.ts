import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Device, gatherFrames, gradients, packFrames, sum, type Tensor, wordsPerFrame } from '../../src/index.js';
import { gatherFramesReference } from '../../src/kernels/gather-frames/reference.js';
import { type Case, checkOperation } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  readonly size: readonly [number, number];
  /** The collection, as it is spread over chunks. */
  readonly chunks: readonly (readonly Uint8Array[])[];
  readonly indices: readonly number[];
  readonly withTables: boolean;
}

const cases = fc
  .record({
    size: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 })),
    chunkLengths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    indices: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 4 }),
    withTables: fc.boolean(),
    bytes: fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  })
  .map(({ size, chunkLengths, indices, withTables, bytes }): Case<Attributes> => {
    const frame = () => Uint8Array.from(bytes.take(size[0] * size[1]));
    const chunks = chunkLengths.map((length) => Array.from({ length }, frame));
    return {
      // Also where they are not used, so that there is an input to take the device from.
      inputs: [{ shape: [indices.length, 256] }],
      attributes: { size, chunks, indices, withTables },
    };
  });

function upload(device: Device, frames: readonly Uint8Array[], size: readonly [number, number]): Tensor {
  return device.tensor(packFrames(frames, size), [frames.length, wordsPerFrame(size)], 'u32');
}

describe('gatherFrames', () => {
  test('any frames out of any chunks, rows that end within a word, with and without tables', async () => {
    await checkOperation({
      cases,
      run: ([tables], { size, chunks, indices, withTables }) => {
        const { device } = tables;
        const stored = chunks.map((frames) => upload(device, frames, size));
        const positions = device.tensor(indices, [indices.length], 'u32');
        return gatherFrames(stored, positions, withTables ? { size, tables } : { size });
      },
      reference: ([{ values }], { size, chunks, indices, withTables }) => ({
        shape: [indices.length, ...size, 1],
        values: gatherFramesReference(chunks.flat(), indices, withTables ? values : undefined),
      }),
      differentiable: [],
      // A table's grey is moved, not computed; a byte is divided once.
      roundings: () => 2,
    });
  });

  test('takes pixels from the lowest byte up, and begins each row with a new word', () => {
    const words = packFrames([Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(7, 8, 9, 10, 11, 12)], [2, 3]);
    expect([...words]).toEqual([0x030201, 0x060504, 0x090807, 0x0c0b0a]);
    const wide = packFrames([Uint8Array.of(1, 2, 3, 4, 5)], [1, 5]);
    expect([...wide]).toEqual([0x04030201, 0x05]);
  });

  test('refuses what does not belong together, and has no gradient', async () => {
    const device = await sharedDevice();
    const size = [2, 4] as const;
    const chunk = upload(device, [new Uint8Array(8)], size);
    const indices = device.tensor([0, 0], [2], 'u32');
    expect(() => packFrames([new Uint8Array(7)], size)).toThrow(/frame 0 has 7 pixels; a frame of 2×4 has 8/);
    expect(() => gatherFrames([chunk], device.zeros([2]), { size })).toThrow(/got f32 for indices \(2\), expected u32/);
    expect(() => gatherFrames([chunk], indices, { size: [3, 4] })).toThrow(/a chunk is 1×2; .* \[frames, 3\]/);
    expect(() => gatherFrames([], indices, { size })).toThrow(/no chunk of frames/);
    const short = device.zeros([1, 256]);
    expect(() => gatherFrames([chunk], indices, { size, tables: short })).toThrow(/2 indices need 2×256/);
    const tables = device.zeros([2, 256]);
    expect(() => gradients(sum(gatherFrames([chunk], indices, { size, tables })), [tables])).toThrow(
      /gatherFrames has no gradient/,
    );
  });
});
