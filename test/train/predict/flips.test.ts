import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import {
  buildModel,
  buildPredictor,
  type Flip,
  FlippingPredictor,
  type FramePrediction,
  type FramePredictor,
  LANDMARK_NAMES,
  type Landmarks,
  mergePredictions,
  resolveConfig,
  untrainedFlips,
} from '../../../src/train/index.js';
import { mirrorPixels } from '../../../src/train/predict/flips.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from '../loop/phantom-frames.js';

const SIZE = 32;
const config = resolveConfig({ model: { base: 2, depth: 3, inputSize: SIZE }, training: { batchSize: 4, seed: 3 } });

const view = (...flips: Flip[]) => ({ horizontal: flips.includes('horizontal'), vertical: flips.includes('vertical') });
const heatmap = (xy = 0) => ({ covariance: { xx: 4, xy, yy: 9 }, entropy: 1, peakMass: 0.5 });
const confidence = { ps1: 0.9, ps2: 0.6, fh1: 0.3 };

describe('mirrorPixels', () => {
  test('moves every pixel to its place behind the mirror, and back', () => {
    const flips = fc.subarray<Flip>(['horizontal', 'vertical']);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), flips, (size, chosen) => {
        const pixels = Float32Array.from({ length: size * size }, (_, i) => i);
        const mirrored = mirrorPixels(pixels, size, view(...chosen));
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            const [u, v] = [
              chosen.includes('horizontal') ? size - 1 - x : x,
              chosen.includes('vertical') ? size - 1 - y : y,
            ];
            expect(mirrored[v * size + u]).toBe(pixels[y * size + x]);
          }
        }
        expect(mirrorPixels(mirrored, size, view(...chosen))).toEqual(pixels);
      }),
    );
  });
});

/** Finds PS1, PS2 and FH1 where pixels are 1, 0.8 and 0.6. Each of its views is kept. */
class Finder implements FramePredictor {
  readonly seen: Float32Array[] = [];

  async predict(frames: readonly Float32Array[]): Promise<FramePrediction[]> {
    this.seen.push(...frames);
    return frames.map((pixels) => {
      const at = (grey: number) => {
        const i = pixels.indexOf(Math.fround(grey));
        return { x: i % SIZE, y: Math.floor(i / SIZE) };
      };
      const uncertainty = { ps1: heatmap(2), ps2: heatmap(2), fh1: heatmap(2) };
      const landmarks = { ps1: at(1), ps2: at(0.8), fh1: at(0.6) };
      return { landmarks, confidence, uncertainty, features: pixels.slice(0, 2) };
    });
  }
}

test('views that a network was not trained with are named', () => {
  const both = ['horizontal', 'vertical'] as const;
  const trained = (augmentation: object) => untrainedFlips(resolveConfig({ augmentation }), both);
  expect(trained({})).toEqual([]);
  expect(trained({ verticalFlip: 0 })).toEqual(['vertical']);
  expect(trained({ enabled: false })).toEqual(both);
  expect(untrainedFlips(resolveConfig({ augmentation: { horizontalFlip: 0 } }), ['vertical'])).toEqual([]);
});

describe('FlippingPredictor', () => {
  test.each<[Flip[], number]>([
    [['horizontal'], 2],
    [['vertical'], 2],
    [['vertical', 'horizontal'], 4],
  ])('flips %j make %i views, and landmarks come back under their own names', async (flips, views) => {
    const pixels = new Float32Array(SIZE * SIZE);
    const truth: Landmarks = { ps1: { x: 20, y: 3 }, ps2: { x: 5, y: 9 }, fh1: { x: 25, y: 30 } };
    for (const [i, name] of LANDMARK_NAMES.entries()) {
      pixels[truth[name].y * SIZE + truth[name].x] = [1, 0.8, 0.6][i];
    }
    const finder = new Finder();
    const [{ landmarks, uncertainty, confidence: merged }] = await new FlippingPredictor(finder, SIZE, flips).predict([
      pixels,
    ]);
    expect(finder.seen).toHaveLength(views);
    expect(new Set(finder.seen.map((seen) => seen.join())).size).toBe(views);
    expect(landmarks).toEqual(truth);
    expect(merged).toEqual(confidence);
    // An ellipse that leans the same way in every view leans no way in the mean of views and their mirror images.
    const { xx, xy, yy } = uncertainty.ps2.covariance;
    expect([xx, xy, yy].map((value) => Number(value.toFixed(9)))).toEqual([4, 0, 9]);
    expect(uncertainty.ps2.disagreement).toBe(0);
  });

  describe('with a network', () => {
    let device: Device;
    let frames: Float32Array[];
    beforeAll(async () => {
      device = await sharedDevice();
      frames = phantomFrames(3, SIZE).map(({ pixels }) => pixels);
    });

    const apart = (a: readonly FramePrediction[], b: readonly FramePrediction[], ...flips: Flip[]) => {
      const { horizontal, vertical } = view(...flips);
      return Math.max(
        ...a.flatMap(({ landmarks }, i) =>
          LANDMARK_NAMES.map((name) => {
            const { x, y } = b[i].landmarks[name];
            return Math.hypot(
              landmarks[name].x - (horizontal ? SIZE - 1 - x : x),
              landmarks[name].y - (vertical ? SIZE - 1 - y : y),
            );
          }),
        ),
      );
    };

    test('the answer to a mirrored frame is the mirrored answer, which it is not without', async () => {
      const model = buildModel(device, config);
      // The peak moves far even where the network has learnt nothing.
      const plain = buildPredictor(device, config, model, { decoding: 'argmax' });
      try {
        for (const flips of [['horizontal'], ['vertical'], ['horizontal', 'vertical']] satisfies Flip[][]) {
          const predictor = new FlippingPredictor(plain, SIZE, flips);
          const answers = await predictor.predict(frames);
          for (const mirror of flips.length === 2 ? [...flips.map((flip) => [flip]), flips] : [flips]) {
            const mirrored = frames.map((pixels) => mirrorPixels(pixels, SIZE, view(...mirror)));
            const others = await predictor.predict(mirrored);
            expect(apart(answers, others, ...mirror)).toBeLessThan(1e-4);
            expect(apart(await plain.predict(frames), await plain.predict(mirrored), ...mirror)).toBeGreaterThan(1);
            const [first, second] = [answers[0].uncertainty.fh1, others[0].uncertainty.fh1];
            const sign = mirror.length === 2 ? 1 : -1;
            expect(second.covariance.xy).toBeCloseTo(sign * first.covariance.xy, 1);
            expect(second.covariance.xx).toBeCloseTo(first.covariance.xx, 1);
          }
        }
      } finally {
        plain.dispose();
        model.dispose();
      }
    });
  });
});

describe('mergePredictions', () => {
  const prediction = (x: number, xy = 0): FramePrediction => ({
    landmarks: { ps1: { x, y: 1 }, ps2: { x: 2 * x, y: 2 }, fh1: { x: 5, y: x } },
    confidence: { ps1: x / 10, ps2: 0.5, fh1: 0.5 },
    uncertainty: { ps1: heatmap(xy), ps2: heatmap(xy), fh1: heatmap(xy) },
    features: Float32Array.of(x, xy),
  });

  test('takes the mean of the coordinates and says how far they are apart', () => {
    const {
      landmarks,
      confidence: merged,
      uncertainty,
    } = mergePredictions([prediction(1), prediction(3), prediction(8)], 512);
    expect(landmarks).toEqual({ ps1: { x: 4, y: 1 }, ps2: { x: 8, y: 2 }, fh1: { x: 5, y: 4 } });
    expect(merged.ps1).toBeCloseTo(0.4, 12);
    // √((9 + 1 + 16) / 2), and twice that; in a frame of half the size pixels are twice as large.
    expect(uncertainty.ps1.disagreement).toBeCloseTo(Math.sqrt(13), 12);
    expect(uncertainty.ps2.disagreement).toBeCloseTo(2 * Math.sqrt(13), 12);
    const small = mergePredictions([prediction(1), prediction(3), prediction(8)], 256);
    expect(small.uncertainty.ps1.disagreement).toBeCloseTo(2 * Math.sqrt(13), 12);
    // The mixture is wider by the scatter of its parts, 26 / 3.
    expect(uncertainty.ps1.covariance.xx).toBeCloseTo(4 + 26 / 3, 12);
  });

  test('of equal predictions is that prediction', () => {
    const one = prediction(3, 2);
    const { landmarks, confidence: merged, uncertainty } = mergePredictions([one, one, one, one], 512);
    expect(landmarks).toEqual(one.landmarks);
    expect(merged).toEqual(one.confidence);
    expect(uncertainty.fh1).toEqual({ ...one.uncertainty.fh1, disagreement: 0 });
    expect(mergePredictions([one], 512)).toBe(one);
  });
});
