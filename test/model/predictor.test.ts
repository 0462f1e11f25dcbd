import { afterEach, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.js';
import { DsntDeepUNet, FrameError, HeatmapNetwork, HeatmapReader, PredictionError } from '../../src/model/index.js';
import type { PredictorOptions } from '../../src/model/predictor.js';
import { type FramePrediction, LANDMARK_NAMES, Predictor } from '../../src/train/index.js';
import { sharedDevice } from '../support/device.js';
import { phantomFrames } from '../train/loop/phantom-frames.js';

/** A network that answers every image with the same heatmaps, whatever it shows. */
class Fixed extends HeatmapNetwork {
  constructor(
    builder: ConstructorParameters<typeof HeatmapNetwork>[0],
    private readonly maps: Tensor,
  ) {
    super(builder, {});
  }

  protected override checkSize(): void {}

  protected override forward() {
    return { heatmaps: this.maps, encoded: [this.maps] };
  }
}

const released: { dispose(): void }[] = [];
afterEach(() => {
  for (const one of released.splice(0)) one.dispose();
});

const dsnt = new HeatmapReader('dsnt', 'linspace');

/** What a predictor makes of a cells×cells heatmap whose logit is `logit(row, column, landmark)`. */
async function answer(
  cells: number,
  size: number,
  logit: (row: number, column: number, landmark: number) => number,
  options: Partial<PredictorOptions> = {},
): Promise<FramePrediction> {
  const device = await sharedDevice();
  const values: number[] = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) for (let k = 0; k < 3; k++) values.push(logit(row, column, k));
  }
  const heatmaps = device.tensor(values, [1, cells, cells, 3]);
  const model = new Fixed({ device, seed: 1, path: '' }, heatmaps);
  const predictor = new Predictor(device, model, { size, batchSize: 1, reader: dsnt, ...options });
  released.push(heatmaps, model, predictor);
  const [prediction] = await predictor.predict([new Float32Array(size * size)]);
  return prediction;
}

const PEAK = 60;

describe('Predictor', () => {
  test.each([
    [64, 512],
    [16, 128],
    [4, 32],
  ])(
    'a peak in one of %i cells is the pixel there, certain, and channel by channel PS1, PS2, FH1',
    async (cells, size) => {
      const at = [
        [1, 2],
        [0, cells - 1],
        [cells - 1, 0],
      ];
      const { landmarks, confidence } = await answer(cells, size, (row, column, k) =>
        row === at[k][0] && column === at[k][1] ? PEAK : 0,
      );
      for (const [k, name] of LANDMARK_NAMES.entries()) {
        const [row, column] = at[k];
        expect(landmarks[name].x).toBeCloseTo((column * (size - 1)) / (cells - 1), 3);
        expect(landmarks[name].y).toBeCloseTo((row * (size - 1)) / (cells - 1), 3);
        expect(confidence[name]).toBeCloseTo(1, 5);
      }
    },
  );

  test.each([4, 16, 64])('a point between four of %i cells is certain too', async (cells) => {
    const { confidence } = await answer(cells, 8 * cells, (row, column) =>
      Math.abs(row - 1.5) < 1 && Math.abs(column - 1.5) < 1 ? PEAK : 0,
    );
    for (const name of LANDMARK_NAMES) expect(confidence[name]).toBeCloseTo(1, 5);
  });

  test('a heatmap that says nothing puts the point in the middle, with the share of cells near it', async () => {
    const { landmarks, confidence } = await answer(64, 512, () => 0);
    expect(landmarks.ps1.x).toBeCloseTo(255.5, 2);
    // Twenty pixels of 512 are 2.5 of 64 cells; around the middle, which lies between cells, that is a count of cells.
    let near = 0;
    for (let row = 0; row < 64; row++) {
      for (let column = 0; column < 64; column++) near += Number(Math.hypot(row - 31.5, column - 31.5) <= 2.5);
    }
    expect(confidence.fh1).toBeCloseTo(near / 64 ** 2, 5);
  });

  test('two peaks put the point between them, where neither is', async () => {
    const { landmarks, confidence } = await answer(16, 128, (row, column) =>
      row === 8 && (column === 2 || column === 12) ? PEAK : 0,
    );
    expect(landmarks.ps2.x).toBeCloseTo((7 * 127) / 15, 3);
    expect(confidence.ps2).toBeLessThan(1e-6);
  });

  const argmax = new HeatmapReader('argmax', 'pixel-centre');

  test('a heatmap of scores is read by its peak, whose height is the confidence', async () => {
    const height = [0.8, 0.31, 1.2];
    const scores = (row: number, column: number, k: number) => (row === 40 && column === 10 + k ? height[k] : 0.05);
    const { landmarks, confidence } = await answer(64, 512, scores, { reader: argmax, heatmaps: 'scores' });
    for (const [k, name] of LANDMARK_NAMES.entries()) {
      // The middle of eight pixels: 8·i to 8·i + 7.
      expect(landmarks[name].x).toBeCloseTo(8 * (10 + k) + 3.5, 3);
      expect(landmarks[name].y).toBeCloseTo(8 * 40 + 3.5, 3);
      expect(confidence[name]).toBeCloseTo(Math.min(1, height[k]), 5);
    }
  });

  test('a heatmap of scores that has no peak has no confidence', async () => {
    const { confidence } = await answer(16, 128, () => -0.3, { reader: argmax, heatmaps: 'scores' });
    expect(Object.values(confidence)).toEqual([0, 0, 0]);
  });

  test('the bias of the baseline moves the point, not the confidence', async () => {
    const scores = (row: number, column: number) => (row === 60 && column === 3 ? 0.6 : 0);
    const biased = new HeatmapReader('argmax-biased', 'pixel-centre');
    const { landmarks, confidence } = await answer(64, 512, scores, { reader: biased, heatmaps: 'scores' });
    expect([landmarks.ps1.x, landmarks.ps1.y]).toEqual([24, 480]);
    expect(confidence.ps1).toBeCloseTo(0.6, 5);
  });

  test('the peak of a distribution has the share around it for its confidence', async () => {
    const logits = (row: number, column: number) =>
      row === 20 && (column === 10 || column === 50) ? 9 - column / 100 : 0;
    const { landmarks, confidence } = await answer(64, 512, logits, { reader: argmax });
    expect(landmarks.fh1.x).toBeCloseTo(83.5, 3);
    // Two peaks of almost equal height above 4094 cells of 1, some twenty of them near the point.
    const [one, other] = [Math.exp(8.9), Math.exp(8.5)];
    expect(confidence.fh1).toBeGreaterThan(one / (one + other + 4094));
    expect(confidence.fh1).toBeLessThan((one + 30) / (one + other + 4094));
  });

  test('frames are answered in their order, whatever the batch size', async () => {
    const device = await sharedDevice();
    const model = new DsntDeepUNet({ device, seed: 2, path: '' }, { base: 2, depth: 3 });
    released.push(model);
    const frames = phantomFrames(5, 32).map(({ pixels }) => pixels);
    const results: FramePrediction[][] = [];
    for (const batchSize of [1, 2, 5, 8]) {
      const predictor = new Predictor(device, model, { size: 32, reader: dsnt, batchSize });
      results.push(await predictor.predict(frames));
      predictor.dispose();
    }
    const [single, ...batched] = results;
    expect(single).toHaveLength(5);
    expect(new Set(single.map(({ landmarks }) => landmarks.ps1.x)).size).toBe(5);
    for (const result of batched) {
      for (const [i, { landmarks, confidence }] of result.entries()) {
        for (const name of LANDMARK_NAMES) {
          expect(landmarks[name].x).toBeCloseTo(single[i].landmarks[name].x, 3);
          expect(landmarks[name].y).toBeCloseTo(single[i].landmarks[name].y, 3);
          expect(confidence[name]).toBeCloseTo(single[i].confidence[name], 5);
          expect(confidence[name]).toBeGreaterThanOrEqual(0);
          expect(confidence[name]).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  test('each heatmap has its covariance about the point, in pixels of a 512 frame', async () => {
    const spread = [3, 5, 9];
    const logit = (row: number, column: number, k: number) =>
      -((column - 30) ** 2) / (2 * spread[k]) - (row - 30) ** 2 / 8;
    for (const size of [512, 128]) {
      const { uncertainty } = await answer(64, size, logit);
      const cell = (((size - 1) / 63) * 512) / size;
      for (const [k, name] of LANDMARK_NAMES.entries()) {
        const { covariance, entropy } = uncertainty[name];
        expect(covariance.xx / cell ** 2).toBeCloseTo(spread[k] + 1 / 12, 3);
        expect(covariance.yy / cell ** 2).toBeCloseTo(4 + 1 / 12, 3);
        expect(covariance.xy).toBeCloseTo(0, 1);
        expect(entropy).toBeCloseTo(1 + Math.log(2 * Math.PI * 2 * Math.sqrt(spread[k])), 3);
      }
    }
  });

  test('scores are uncertain about the point that was read from them, which the biased decoding misses', async () => {
    // Gaussians of peak 1 and σ = 2 cells over a background, as the baseline makes them.
    const scores = (row: number, column: number) =>
      Math.exp(-((column - 20) ** 2 + (row - 40) ** 2) / 8) + 0.02 * Math.sin(12.9898 * column + 78.233 * row);
    const of = async (decoding: 'argmax' | 'argmax-biased') =>
      (await answer(64, 512, scores, { reader: new HeatmapReader(decoding, 'pixel-centre'), heatmaps: 'scores' }))
        .uncertainty.fh1.covariance;
    const middle = await of('argmax');
    expect(middle.xx / 64).toBeGreaterThan(3);
    expect(middle.xx / 64).toBeLessThan(4.5);
    const biased = await of('argmax-biased');
    // Three and a half pixels to the left and above.
    expect(biased.xx - middle.xx).toBeCloseTo(3.5 ** 2, 0);
    expect(biased.xy - middle.xy).toBeCloseTo(3.5 ** 2, 0);
  });

  test('hands out the heatmaps that were asked for, of each frame its own', async () => {
    const device = await sharedDevice();
    const model = new DsntDeepUNet({ device, seed: 2, path: '' }, { base: 2, depth: 3 });
    const predictor = new Predictor(device, model, { size: 32, reader: dsnt, batchSize: 2 });
    released.push(model, predictor);
    const frames = phantomFrames(3, 32).map(({ pixels }) => pixels);
    const predictions = await predictor.predict(frames, { heatmaps: true });
    for (const { landmarks, heatmaps } of predictions) {
      expect(heatmaps).toMatchObject({ height: 4, width: 4 });
      const values = heatmaps?.values ?? [];
      expect(values).toHaveLength(4 * 4 * 3);
      for (const [k, name] of LANDMARK_NAMES.entries()) {
        const mean = { x: 0, y: 0, mass: 0 };
        for (let i = 0; i < 16; i++) {
          mean.mass += values[3 * i + k];
          mean.x += values[3 * i + k] * (i % 4);
          mean.y += values[3 * i + k] * Math.floor(i / 4);
        }
        expect(mean.mass).toBeCloseTo(1, 5);
        expect((mean.x * 31) / 3).toBeCloseTo(landmarks[name].x, 3);
        expect((mean.y * 31) / 3).toBeCloseTo(landmarks[name].y, 3);
      }
    }
    expect((await predictor.predict(frames))[0].heatmaps).toBeUndefined();
  });
});

describe('Predictor.predict', () => {
  const whole = () => new Float32Array(64).fill(0.5);
  const ask = async (frames: Float32Array[], logit = 0) => {
    const device = await sharedDevice();
    const maps = device.tensor(
      Array.from({ length: 48 }, (_, i) => (i === 13 ? logit : i)),
      [1, 4, 4, 3],
    );
    const model = new Fixed({ device, seed: 1, path: '' }, maps);
    const predictor = new Predictor(device, model, {
      size: 8,
      batchSize: 1,
      reader: new HeatmapReader('argmax', 'linspace'),
    });
    released.push(predictor, model, maps);
    return predictor.predict(frames);
  };

  test.each<[string, Float32Array, string]>([
    ['a short frame', new Float32Array(16), 'frames[1] has 16 values and the network takes 64 (8×8)'],
    ['a long frame', new Float32Array(65), 'frames[1] has 65 values'],
    ['bytes', whole().fill(255, 3, 4), 'frames[1] holds 255, and luminance is from 0 to 1'],
    ['a negative value', whole().fill(-0.5, 3, 4), 'frames[1] holds -0.5'],
    ['NaN', whole().fill(Number.NaN, 63, 64), 'frames[1] holds NaN'],
  ])('refuses %s behind a whole one', async (_, frame, words) => {
    await expect(ask([whole(), frame])).rejects.toThrow(FrameError);
    await expect(ask([whole(), frame])).rejects.toThrow(words);
  });

  test('takes white with its rounding', async () => {
    expect(await ask([whole().fill(1 + 1e-6)])).toHaveLength(1);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a heatmap with %s is an error that names the landmark',
    async (value) => {
      // Value 13 is of the second landmark.
      await expect(ask([whole()], value)).rejects.toThrow(PredictionError);
      await expect(ask([whole()], value)).rejects.toThrow('no position of PS2');
    },
  );
});
