import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodedLandmarks, fromCoordinates } from '../../../src/model/coordinates.js';
import { DECODINGS, HeatmapReader } from '../../../src/model/index.js';
import { meanDistance } from '../../../src/train/loop/mean-distance.js';
import { landmarkDistances } from '../../../src/train/metrics/index.js';
import { sharedDevice } from '../../support/device.js';

const CELLS = 6;
const SIZE = 48;

describe('meanDistance', () => {
  it.each(DECODINGS.flatMap((decoding) => (['linspace', 'pixel-centre'] as const).map((grid) => ({ decoding, grid }))))(
    'is the APD of the landmarks that $decoding reads on the $grid grid',
    async ({ decoding, grid }) => {
      const device = await sharedDevice();
      const reader = new HeatmapReader(decoding, grid);
      // What a reader reads: a normalized coordinate, or the index of a cell.
      const read = decoding === 'dsnt' ? fc.float({ min: -1, max: 1, noNaN: true }) : fc.integer({ min: 0, max: 5 });
      const frame = fc.tuple(
        fc.array(read, { minLength: 6, maxLength: 6 }),
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 3 }), async (frames) => {
          const tensor = (part: 0 | 1) =>
            device.tensor(
              frames.flatMap((both) => both[part]),
              [frames.length, 3, 2],
            );
          const [points, targets] = [tensor(0), tensor(1)];
          const found = meanDistance(reader, points, CELLS, targets, SIZE);
          const distances = frames.flatMap(([own, target]) => {
            const predicted = decodedLandmarks(reader, own, 0, SIZE, [CELLS, CELLS]);
            return landmarkDistances({ predicted, truth: fromCoordinates(target, 0, SIZE, grid) });
          });
          const expected = ((512 / SIZE) * distances.reduce((sum, each) => sum + each, 0)) / distances.length;
          expect(await found.item()).toBeCloseTo(expected, 2);
          for (const each of [points, targets, found]) each.dispose();
        }),
        { numRuns: 10 },
      );
    },
  );
});
