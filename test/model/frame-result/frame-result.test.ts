import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnsweredFrame,
  angleOfProgression,
  answerFrames,
  type Fit,
  type FramePrediction,
  type FramePredictor,
  type Landmarks,
} from '../../../src/model/index.js';
import { generatePhantom } from '../../../src/train/index.js';

const heatmap = { covariance: { xx: 4, xy: 0, yy: 4 }, entropy: 1, peakMass: 0.9 };
const prediction = (landmarks: Landmarks): FramePrediction => ({
  landmarks,
  confidence: { ps1: 0.9, ps2: 0.9, fh1: 0.9 },
  uncertainty: { ps1: heatmap, ps2: heatmap, fh1: heatmap },
  features: Float32Array.of(1, 2),
});

/** Answers every frame with the same landmarks of the network's frame. */
const fixed = (landmarks: Landmarks): FramePredictor => ({
  predict: async (frames) => frames.map(() => prediction(landmarks)),
});

const SIZE = 128;
/** Finds PS1, PS2 and FH1 as the centres of what is painted in three luminances that a phantom does not have. */
const finder: FramePredictor = {
  predict: async (frames) =>
    frames.map((pixels) => {
      const [ps1, ps2, fh1] = [1, 0.9, 0.8].map((grey) => {
        const found = [...pixels.keys()].filter((i) => Math.abs(pixels[i] - grey) < 0.004);
        const mean = (of: (i: number) => number) => found.reduce((sum, i) => sum + of(i), 0) / found.length;
        // What is cut off cannot be found; a network answers something all the same.
        if (found.length === 0) return { x: SIZE / 2, y: SIZE / 2 };
        return { x: mean((i) => i % SIZE), y: mean((i) => Math.floor(i / SIZE)) };
      });
      return prediction({ ps1, ps2, fh1 });
    }),
};

/** A phantom with its landmarks painted, at the left of a black 16:9 frame. */
function pasted(): { frame: AnsweredFrame; landmarks: Landmarks; aop: number } {
  const [side, width] = [720, 1280];
  const { pixels, landmarks, aop } = generatePhantom({ seed: 1, index: 3, difficulty: 0, size: side });
  const frame = new Float32Array(width * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) frame[y * width + x] = (0.7 * pixels[y * side + x]) / 255;
  }
  for (const [name, grey] of [
    ['ps1', 1],
    ['ps2', 0.9],
    ['fh1', 0.8],
  ] as const) {
    const { x, y } = landmarks[name];
    for (let v = -25; v <= 25; v++) {
      for (let u = -25; u <= 25; u++) frame[Math.round(y + v) * width + Math.round(x + u)] = grey;
    }
  }
  return { frame: { width, height: side, pixels: frame }, landmarks, aop };
}

const network = { size: SIZE, grid: 'pixel-centre' } as const;

describe('a phantom at the left of a 16:9 frame', () => {
  const { frame, landmarks, aop } = pasted();
  const answer = async (given: AnsweredFrame, fit: Fit) => (await answerFrames(finder, network, [given], { fit }))[0];

  test('padded, is seen whole and measured right', async () => {
    const result = await answer(frame, 'pad');
    expect(result.seen).toEqual({ x: 0, y: 0, width: 1280, height: 720 });
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      expect(Math.abs(result.landmarks[name].x - landmarks[name].x)).toBeLessThan(5);
      expect(Math.abs(result.landmarks[name].y - landmarks[name].y)).toBeLessThan(5);
    }
    expect(Math.abs((result.aop ?? Number.NaN) - aop)).toBeLessThan(3);
    expect(result.warnings.join()).not.toContain('bright');
  });

  test('cropped, loses a part, and says so', async () => {
    const result = await answer(frame, 'crop');
    expect(result.seen.width).toBeCloseTo(720, 9);
    expect(result.seen.x).toBeGreaterThan(landmarks.ps2.x);
    expect(Math.abs((result.aop ?? 0) - aop)).toBeGreaterThan(10);
    expect(result.brightOutside).toBeGreaterThan(0.2);
    expect(result.warnings.join()).toContain(
      'The network sees only 720×720 of 1280×720 px, and there is bright content',
    );
  });

  test('cropped to the region that its file names, is seen whole', async () => {
    const result = await answer({ ...frame, region: { x: 0, y: 0, width: 720, height: 720 } }, 'crop');
    expect(result.seen).toEqual({ x: 0, y: 0, width: 720, height: 720 });
    expect(Math.abs((result.aop ?? Number.NaN) - aop)).toBeLessThan(3);
    expect(result.brightOutside).toBe(0);
  });
});

test('no landmark is outside the image, wherever the network puts it', async () => {
  const coordinate = fc.double({ min: -0.5, max: SIZE - 0.5, noNaN: true });
  const point = fc.record({ x: coordinate, y: coordinate });
  const extent = fc.integer({ min: 8, max: 90 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ ps1: point, ps2: point, fh1: point }),
      extent,
      extent,
      fc.constantFrom('crop', 'pad'),
      fc.boolean(),
      async (landmarks, width, height, fit, cut) => {
        const pixels = new Float32Array(width * height);
        const region = cut ? { x: 2, y: 1, width: width - 3, height: height - 4 } : undefined;
        const [result] = await answerFrames(fixed(landmarks), network, [{ width, height, pixels, region }], { fit });
        const box = region ?? { x: 0, y: 0, width, height };
        for (const { x, y } of Object.values(result.landmarks)) {
          expect(x).toBeGreaterThanOrEqual(box.x - 0.5 - 1e-9);
          expect(y).toBeGreaterThanOrEqual(box.y - 0.5 - 1e-9);
          expect(x).toBeLessThanOrEqual(box.x + box.width - 0.5 + 1e-9);
          expect(y).toBeLessThanOrEqual(box.y + box.height - 0.5 + 1e-9);
        }
        if (fit === 'crop') expect(result.doubts).toEqual([]);
      },
    ),
  );
});

test('a landmark in the bars of the padding is moved to the border, in doubt', async () => {
  const frame = { width: 64, height: 32, pixels: new Float32Array(64 * 32) };
  const landmarks = { ps1: { x: 40, y: 50 }, ps2: { x: 20, y: 3.5 }, fh1: { x: 80, y: 70 } };
  const [result] = await answerFrames(fixed(landmarks), network, [frame], { fit: 'pad' });
  expect(result.landmarks.ps2.y).toBe(-0.5);
  expect(result.lowConfidence).toBe(true);
  // The bar is 32 network pixels high, two of which make one of the frame.
  expect(result.doubts).toEqual([
    'PS2 was predicted 14.0 px outside the image, in the black bars of the padding; it was moved to the border.',
  ]);
});

describe('measurements', () => {
  const frame = { width: SIZE, height: SIZE, pixels: new Float32Array(SIZE * SIZE) };
  const landmarks = { ps1: { x: 60, y: 20 }, ps2: { x: 20, y: 30 }, fh1: { x: 90, y: 60 } };
  const answer = async (own: Landmarks, facts: Partial<AnsweredFrame> = {}) =>
    (await answerFrames(fixed(own), network, [{ ...frame, ...facts }]))[0];

  test.each<[string, Partial<AnsweredFrame>, number | undefined, string]>([
    ['no spacing', {}, undefined, ''],
    ['square pixels', { spacing: { x: 0.2, y: 0.2 } }, undefined, ''],
    ['oblong pixels in millimetres', { spacing: { x: 0.2, y: 0.4 } }, 2, '0.2 × 0.4 mm'],
    ['oblong pixels without millimetres', { pixelAspectRatio: 2 }, 2, '1 × 2)'],
  ])('of %s', async (_, facts, stretch, words) => {
    const result = await answer(landmarks, facts);
    expect(result.aop).toBeCloseTo(angleOfProgression(landmarks) ?? Number.NaN, 9);
    const warning = result.warnings.find((one) => one.includes('not square'));
    if (stretch === undefined) {
      expect([result.aopInMillimetres, warning]).toEqual([null, undefined]);
      return;
    }
    const tall = ({ x, y }: { x: number; y: number }) => ({ x, y: stretch * y });
    const patient = angleOfProgression({
      ps1: tall(landmarks.ps1),
      ps2: tall(landmarks.ps2),
      fh1: tall(landmarks.fh1),
    });
    expect(result.aopInMillimetres).toBeCloseTo(patient ?? Number.NaN, 9);
    expect(warning).toContain(words);
    expect(warning).toContain(`which is ${patient?.toFixed(1)}°`);
    expect(result.rays === null).toBe(facts.spacing === undefined);
  });

  test.each(['ps2', 'fh1'] as const)('landmarks closer than a few pixels give no angle: PS1 and %s', async (name) => {
    // 4 px of a 512 px frame are one of 128.
    const near = (distance: number) => ({ ...landmarks, [name]: { x: 60 + distance, y: 20 } });
    expect((await answer(near(1.01))).aop).not.toBeNull();
    const result = await answer(near(0.99), { spacing: { x: 0.2, y: 0.4 } });
    expect([result.aop, result.aopInMillimetres, result.uncertainty.aop]).toEqual([null, null, null]);
    expect(result.aopMissing).toBe(
      `PS1 and ${name.toUpperCase()} are 1.0 px apart, and a direction needs at least 1.0 px: there is no angle.`,
    );
  });
});

describe('doubts', () => {
  const frame = { width: SIZE, height: SIZE, pixels: new Float32Array(SIZE * SIZE) };
  const landmarks = { ps1: { x: 60, y: 20 }, ps2: { x: 20, y: 30 }, fh1: { x: 90, y: 60 } };
  const own = { scale: 1, blur: 0, floor: 0 };
  const calibration = { landmarks: { ps1: own, ps2: own, fh1: own }, angleScale: 1, threshold: null };
  const features = { mean: [1, 2], variance: [1, 4], threshold: 1 };
  const answer = async (change: Partial<FramePrediction>, known: object | undefined = { ...calibration, features }) => {
    const predictor = { predict: async () => [{ ...prediction(landmarks), ...change }] };
    return (await answerFrames(predictor, { ...network, calibration: known as never }, [frame]))[0];
  };

  test('there are none about a frame like those that the model knows', async () => {
    const result = await answer({});
    expect(result).toMatchObject({ lowConfidence: false, doubts: [], warnings: [] });
    expect(result.uncertainty.distance).toEqual({ value: 0, threshold: 1 });
  });

  test('about a frame unlike them', async () => {
    const result = await answer({ features: Float32Array.of(3, 2) });
    expect(result.uncertainty.distance?.value).toBeCloseTo(Math.sqrt(4 / 2), 6);
    expect(result.doubts.join()).toContain(
      'unlike the frames that the model knows (distance 1.4, where theirs is at most 1.0)',
    );
  });

  test('about heatmaps that support their points by less than half, calibrated or not', async () => {
    for (const known of [calibration, undefined]) {
      const result = await answer({ confidence: { ps1: 0.9, ps2: 0.49, fh1: 0.2 } }, known);
      expect(result.doubts.join()).toContain('supports PS2 (49 %) and FH1 (20 %)');
    }
  });

  test('about an error that no model is trusted with, whatever is usual for this one', async () => {
    const wide = { ...heatmap, covariance: { xx: 225, xy: 0, yy: 225 } };
    const result = await answer({ uncertainty: { ps1: wide, ps2: wide, fh1: wide } });
    expect(result.doubts).toEqual([
      'The expected error is 21 px of a 512 px frame; above 20 px no landmark is reliable.',
    ]);
  });

  test('a calibration of an older version works, and says what it does not tell; so does none', async () => {
    const older = await answer({}, calibration);
    expect(older.uncertainty).toMatchObject({ calibrated: true, distance: null });
    expect(older.warnings.join()).toContain('does not describe the frames it knows');
    const none = await answerFrames(fixed(landmarks), network, [frame]);
    expect(none[0].uncertainty.calibrated).toBe(false);
    expect(none[0].warnings.join()).toContain('is not calibrated');
  });
});
