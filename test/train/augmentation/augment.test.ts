import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../../../src/model/landmarks.js';
import {
  type AugmentationDraws,
  AugmentationError,
  type AugmentationKey,
  type AugmentationSettings,
  applyAugmentation,
  augment,
  drawAugmentation,
  frameAffine,
  type LabelledFrame,
  transformPoint,
} from '../../../src/train/augmentation/index.js';
import { resolveConfig } from '../../../src/train/config/index.js';

const paper = resolveConfig({}).augmentation;
const nothing: AugmentationSettings = {
  enabled: true,
  brightness: 0,
  contrast: 0,
  blur: { probability: 0, sigma: [0, 0] },
  horizontalFlip: 0,
  verticalFlip: 0,
  rotation: 0,
  translation: 0,
};
const still: AugmentationDraws = {
  brightness: 1,
  contrast: 1,
  contrastFirst: false,
  blurSigma: 0,
  horizontalFlip: false,
  verticalFlip: false,
  rotation: 0,
  translation: { x: 0, y: 0 },
};

function landmarksOf(size: number): Landmarks {
  const at = (x: number, y: number): Point => ({ x: x * size, y: y * size });
  return { ps1: at(0.55, 0.25), ps2: at(0.3, 0.3), fh1: at(0.6, 0.45) };
}

function frameOf(size: number, shade: (x: number, y: number) => number, landmarks = landmarksOf(size)): LabelledFrame {
  const pixels = Float32Array.from({ length: size * size }, (_, i) => shade(i % size, Math.floor(i / size)));
  return { pixels, size, landmarks };
}

/** Speckle of greys from 0 to 1 with both ends in it. */
const speckle = (x: number, y: number) => ((x * 7919 + y * 104_729 + x * y * 31) % 256) / 255;

const whole = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const key: fc.Arbitrary<AugmentationKey> = fc.tuple(whole, whole, whole);
const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const pointIn = (low: number, high: number) => fc.record({ x: real(low, high), y: real(low, high) });
const geometry = fc.record({
  horizontalFlip: fc.boolean(),
  verticalFlip: fc.boolean(),
  rotation: real(-180, 180),
  translation: pointIn(-60, 60),
});
/** The first `count` keys of a run's first epoch. */
const keys = (count: number) => Array.from({ length: count }, (_, index): AugmentationKey => [1, 0, index]);

describe('augment', () => {
  it('depends on frame, settings and key alone', () => {
    const frame = frameOf(32, speckle);
    fc.assert(
      fc.property(key, key, (key, other) => {
        const first = augment(frame, paper, key);
        augment(frame, paper, other);
        expect(augment(frame, paper, key)).toEqual(first);
      }),
    );
  });

  it('differs between seeds, epochs and frames', () => {
    const variants: AugmentationKey[] = [
      [1, 2, 3],
      [0, 2, 3],
      [1, 0, 3],
      [1, 2, 0],
      [3, 2, 1],
    ];
    const frame = frameOf(32, speckle);
    const rotations = variants.map((key) => augment(frame, paper, key).draws.rotation);
    const factors = variants.map((key) => augment(frame, paper, key).draws.brightness);
    expect(new Set(rotations).size).toBe(variants.length);
    expect(new Set(factors).size).toBe(variants.length);
  });

  it('applies the draws that it reports, and leaves the frame that it was given alone', () => {
    const frame = frameOf(48, speckle);
    const before = frame.pixels.slice();
    for (const key of keys(20)) {
      const { pixels, landmarks, draws } = augment(frame, paper, key);
      expect(applyAugmentation(frame, draws)).toEqual({ pixels, landmarks });
    }
    expect(frame.pixels).toEqual(before);
  });

  it.each([
    ['settings that change nothing', nothing],
    ['augmentation switched off', { ...paper, enabled: false }],
  ])('returns the same pixels, bit for bit, and the same landmarks with %s', (_, settings) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), key, (size, key) => {
        const frame = frameOf(size, speckle);
        const { pixels, landmarks, draws } = augment(frame, settings, key);
        expect(pixels).toEqual(frame.pixels);
        expect(pixels).not.toBe(frame.pixels);
        expect(landmarks).toEqual(frame.landmarks);
        expect(draws).toEqual({ ...still, contrastFirst: draws.contrastFirst });
      }),
    );
  });

  it('keeps greys within 0 and 1', () => {
    const frame = frameOf(40, speckle);
    for (const key of keys(100)) {
      const { pixels } = augment(frame, { ...paper, brightness: 1, contrast: 1 }, key);
      expect(pixels.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    }
  });

  it('does not change the angle of progression', () => {
    const size = 512;
    const frame = frameOf(size, () => 0);
    const apart = fc
      .record({ ps1: pointIn(0, 511), ps2: pointIn(0, 511), fh1: pointIn(0, 511) })
      .filter(({ ps1, ps2, fh1 }) => [ps2, fh1].every((p) => Math.hypot(p.x - ps1.x, p.y - ps1.y) > 5));
    fc.assert(
      fc.property(apart, key, real(0, 180), (landmarks, key, rotation) => {
        const draws = drawAugmentation({ ...paper, rotation, translation: 256 }, key, 0);
        const moved = applyAugmentation({ ...frame, landmarks }, draws).landmarks;
        const angle = angleOfProgression(landmarks) ?? Number.NaN;
        expect(Math.abs((angleOfProgression(moved) ?? Number.NaN) - angle)).toBeLessThan(1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [{ size: 4, pixels: new Float32Array(15) }, 'size 4 has 15 pixels'],
    [{ size: 1.5, pixels: new Float32Array(2) }, 'size 1.5 has 2 pixels'],
    [{ size: 0, pixels: new Float32Array(0) }, 'size 0 has 0 pixels'],
    [
      { size: 2, pixels: new Float32Array(4), landmarks: { ...landmarksOf(2), ps2: { x: Number.NaN, y: 1 } } },
      'PS2 at (NaN, 1)',
    ],
  ])('refuses a frame that is none (%#)', (broken, sentence) => {
    const frame = { landmarks: landmarksOf(2), ...broken };
    expect(() => augment(frame, paper, [0, 0, 0])).toThrow(AugmentationError);
    expect(() => augment(frame, paper, [0, 0, 0])).toThrow(sentence);
  });
});

describe('drawing', () => {
  const count = 4000;
  const draws = keys(count).map((key) => drawAugmentation(paper, key, 0));
  const fraction = (holds: (draws: AugmentationDraws) => boolean) => draws.filter(holds).length / count;
  const mean = (value: (draws: AugmentationDraws) => number) => draws.reduce((sum, d) => sum + value(d), 0) / count;

  it('flips each way with its probability, one way independent of the other', () => {
    // Five standard deviations of a fraction of 4000 are 0.04.
    expect(Math.abs(fraction((d) => d.horizontalFlip) - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(fraction((d) => d.verticalFlip) - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(fraction((d) => d.horizontalFlip && d.verticalFlip) - 0.25)).toBeLessThan(0.035);
    const seldom = keys(count).filter((key) => drawAugmentation({ ...paper, verticalFlip: 0.1 }, key, 0).verticalFlip);
    expect(Math.abs(seldom.length / count - 0.1)).toBeLessThan(0.025);
  });

  it.each([
    ['brightness', 0.6, 1.4, (d: AugmentationDraws) => d.brightness],
    ['contrast', 0.6, 1.4, (d: AugmentationDraws) => d.contrast],
    ['rotation', -15, 15, (d: AugmentationDraws) => d.rotation],
    ['translation along x', -10, 10, (d: AugmentationDraws) => d.translation.x],
    ['translation along y', -10, 10, (d: AugmentationDraws) => d.translation.y],
  ])('draws %s evenly from %d to %d', (_, low, high, value) => {
    for (let quarter = 0; quarter < 4; quarter++) {
      const from = low + ((high - low) * quarter) / 4;
      const to = from + (high - low) / 4;
      expect(Math.abs(fraction((d) => value(d) >= from && value(d) < to) - 0.25)).toBeLessThan(0.035);
    }
  });

  it('draws the two translations, brightness and contrast, and appearance and geometry independently', () => {
    const correlation = (a: (d: AugmentationDraws) => number, b: (d: AugmentationDraws) => number) => {
      const [meanA, meanB] = [mean(a), mean(b)];
      const covariance = mean((d) => (a(d) - meanA) * (b(d) - meanB));
      return covariance / Math.sqrt(mean((d) => (a(d) - meanA) ** 2) * mean((d) => (b(d) - meanB) ** 2));
    };
    const pairs = [
      correlation(
        (d) => d.translation.x,
        (d) => d.translation.y,
      ),
      correlation(
        (d) => d.brightness,
        (d) => d.contrast,
      ),
      correlation(
        (d) => d.brightness,
        (d) => Number(d.horizontalFlip),
      ),
      correlation(
        (d) => d.contrast,
        (d) => Number(d.verticalFlip),
      ),
      correlation(
        (d) => Number(d.contrastFirst),
        (d) => d.rotation,
      ),
    ];
    for (const r of pairs) expect(Math.abs(r)).toBeLessThan(0.08);
  });

  it('starts with contrast half of the time, and blurs half of the frames by 0.1 to 2 px', () => {
    expect(Math.abs(fraction((d) => d.contrastFirst) - 0.5)).toBeLessThan(0.04);
    const blurred = draws.map((d) => d.blurSigma).filter((sigma) => sigma > 0);
    expect(Math.abs(blurred.length / count - 0.5)).toBeLessThan(0.04);
    expect(Math.min(...blurred)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...blurred)).toBeLessThan(2);
    expect(Math.abs(blurred.reduce((sum, sigma) => sum + sigma, 0) / blurred.length - 1.05)).toBeLessThan(0.07);
  });

  it('keeps factors at or above 0 for a strength of 1', () => {
    const factors = keys(200).map((key) => drawAugmentation({ ...paper, brightness: 1 }, key, 0).brightness);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...factors)).toBeGreaterThan(1.9);
  });

  it('has another geometry and the same appearance at another attempt', () => {
    fc.assert(
      fc.property(key, (key) => {
        const first = drawAugmentation(paper, key, 0);
        const second = drawAugmentation(paper, key, 1);
        expect(second.rotation).not.toBe(first.rotation);
        const { brightness, contrast, contrastFirst, blurSigma } = first;
        expect(second).toMatchObject({ brightness, contrast, contrastFirst, blurSigma });
      }),
    );
  });

  it('leaves the other draws as they were when one setting changes', () => {
    fc.assert(
      fc.property(key, (key) => {
        const all = drawAugmentation(paper, key, 0);
        const unblurred = drawAugmentation({ ...paper, blur: { ...paper.blur, probability: 0 } }, key, 0);
        expect(unblurred).toEqual({ ...all, blurSigma: 0 });
        const upright = drawAugmentation({ ...paper, verticalFlip: 0, rotation: 0 }, key, 0);
        expect(upright).toEqual({ ...all, verticalFlip: false, rotation: 0 });
      }),
    );
  });
});

describe('landmarks', () => {
  /** Mean position of the greys. */
  function centroid(pixels: Float32Array, size: number): Point {
    let [sum, x, y] = [0, 0, 0];
    for (const [i, grey] of pixels.entries()) {
      sum += grey;
      x += grey * (i % size);
      y += grey * Math.floor(i / size);
    }
    return { x: x / sum, y: y / sum };
  }

  it('follow what is painted in the frame, each its own', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 97 }),
        geometry,
        fc.array(pointIn(0.3, 0.7), { minLength: 3 }),
        (size, geometry, at) => {
          const [ps1, ps2, fh1] = at.map(({ x, y }) => ({ x: x * size, y: y * size }));
          const landmarks: Landmarks = { ps1, ps2, fh1 };
          // No more than a tenth of the frame, so that all of the dot stays on it.
          const translation = { x: geometry.translation.x * 0.85, y: geometry.translation.y * 0.85 };
          for (const name of LANDMARK_NAMES) {
            const dot = (x: number, y: number) =>
              Math.exp(-((x - landmarks[name].x) ** 2 + (y - landmarks[name].y) ** 2) / (2 * 1.5 ** 2));
            const frame = frameOf(size, dot, landmarks);
            const moved = applyAugmentation(frame, { ...still, ...geometry, translation });
            const seen = centroid(moved.pixels, size);
            expect(Math.hypot(seen.x - moved.landmarks[name].x, seen.y - moved.landmarks[name].y)).toBeLessThan(0.01);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('turn clockwise about the centre of the frame, and move by pixels of a 512 px frame', () => {
    const moved = transformPoint(
      frameAffine({ ...still, rotation: 90, translation: { x: 8, y: -4 } }, 256),
      // 27.5 px right of the centre (127.5, 127.5).
      { x: 155, y: 127.5 },
    );
    expect(moved.x).toBeCloseTo(127.5 + 4, 10);
    expect(moved.y).toBeCloseTo(155 - 2, 10);
  });

  it('are flipped before they are turned', () => {
    const moved = transformPoint(frameAffine({ ...still, rotation: 90, horizontalFlip: true }, 5), { x: 4, y: 2 });
    expect(moved.x).toBeCloseTo(2, 10);
    expect(moved.y).toBeCloseTo(0, 10);
  });

  it('keep their names when the frame is flipped', () => {
    const frame = frameOf(100, () => 0, { ps1: { x: 60, y: 20 }, ps2: { x: 30, y: 25 }, fh1: { x: 70, y: 50 } });
    expect(applyAugmentation(frame, { ...still, horizontalFlip: true, verticalFlip: true }).landmarks).toEqual({
      ps1: { x: 39, y: 79 },
      ps2: { x: 69, y: 74 },
      fh1: { x: 29, y: 49 },
    });
  });

  it('stay on the frame: a geometry that moves one off it is drawn again', () => {
    const size = 64;
    const rough = { ...paper, rotation: 180, translation: 256 };
    let redrawn = 0;
    fc.assert(
      fc.property(
        fc.record({ ps1: pointIn(-0.5, 63.5), ps2: pointIn(-0.5, 63.5), fh1: pointIn(-0.5, 63.5) }),
        key,
        (landmarks, key) => {
          const frame = frameOf(size, () => 0, landmarks);
          const { landmarks: moved, draws } = augment(frame, rough, key);
          for (const name of LANDMARK_NAMES) {
            for (const coordinate of [moved[name].x, moved[name].y]) {
              expect(coordinate).toBeGreaterThanOrEqual(-0.5);
              expect(coordinate).toBeLessThanOrEqual(63.5);
            }
          }
          if (draws.rotation !== drawAugmentation(rough, key, 0).rotation) redrawn++;
        },
      ),
    );
    expect(redrawn).toBeGreaterThan(20);
  });

  it('take the first of 50 draws that keeps them on the frame, and stay where there is none', () => {
    const frame = frameOf(64, () => 0, { ps1: { x: 5, y: 5 }, ps2: { x: 58, y: 5 }, fh1: { x: 30, y: 58 } });
    const far = { ...paper, translation: 128 };
    const isOnFrame = (draws: AugmentationDraws) =>
      LANDMARK_NAMES.every((name) => {
        const { x, y } = transformPoint(frameAffine(draws, 64), frame.landmarks[name]);
        return Math.max(Math.abs(x - 31.5), Math.abs(y - 31.5)) <= 32;
      });
    const attempts = keys(200).map((key) => {
      const all = Array.from({ length: 50 }, (_, attempt) => drawAugmentation(far, key, attempt));
      const { rotation, translation, horizontalFlip, verticalFlip } = all.find(isOnFrame) ?? still;
      const { draws } = augment(frame, far, key);
      expect(draws).toEqual({ ...all[0], rotation, translation, horizontalFlip, verticalFlip });
      return all.findIndex(isOnFrame);
    });
    expect(attempts).toContain(0);
    expect(attempts).toContain(-1);
    expect(Math.max(...attempts)).toBeGreaterThan(30);
  });

  it('stay where they are, and the frame with them, where no geometry keeps them on it', () => {
    // Three corners: whatever turns or shifts them moves one off.
    const frame = frameOf(64, speckle, { ps1: { x: 0, y: 0 }, ps2: { x: 63, y: 63 }, fh1: { x: 63, y: 0 } });
    for (const key of keys(10)) {
      const { landmarks, draws } = augment(frame, { ...paper, translation: 256, rotation: 45 }, key);
      expect(landmarks).toEqual(frame.landmarks);
      const { brightness, contrast, contrastFirst, blurSigma } = drawAugmentation(paper, key, 0);
      expect(draws).toEqual({ ...still, brightness, contrast, contrastFirst, blurSigma });
    }
  });
});

describe('geometry of the pixels', () => {
  const shown = (draws: Partial<AugmentationDraws>, size: number, shade = speckle) =>
    applyAugmentation(frameOf(size, shade), { ...still, ...draws }).pixels;

  it('flips exactly: columns, rows or both in reverse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), (size) => {
        const end = size - 1;
        expect(shown({ horizontalFlip: true }, size)).toEqual(frameOf(size, (x, y) => speckle(end - x, y)).pixels);
        expect(shown({ verticalFlip: true }, size)).toEqual(frameOf(size, (x, y) => speckle(x, end - y)).pixels);
        expect(shown({ horizontalFlip: true, verticalFlip: true }, size)).toEqual(
          frameOf(size, (x, y) => speckle(end - x, end - y)).pixels,
        );
      }),
    );
  });

  it('is undone by a second horizontal flip', () => {
    const frame = frameOf(37, speckle);
    const flip = { ...still, horizontalFlip: true };
    const twice = applyAugmentation({ ...frame, ...applyAugmentation(frame, flip) }, flip);
    expect(twice.pixels).toEqual(frame.pixels);
    for (const name of LANDMARK_NAMES) expect(twice.landmarks[name].x).toBeCloseTo(frame.landmarks[name].x, 12);
  });

  it('moves by whole pixels exactly, with black where nothing was', () => {
    // 64 and −32 px of a 512 px frame are 2 and −1 px of 16.
    const expected = frameOf(16, (x, y) => (x < 2 || y > 14 ? 0 : speckle(x - 2, y + 1))).pixels;
    expect(shown({ translation: { x: 64, y: -32 } }, 16)).toEqual(expected);
  });

  it('moves by parts of a pixel bilinearly, fading out at the borders', () => {
    // A quarter of a pixel to the right on a frame of 4: ¼ from the left neighbour, ¾ from its own.
    const pixels = shown({ translation: { x: 32, y: 0 } }, 4, (x) => (x + 1) / 4);
    const row = [0.75 * 0.25, 0.25 * 0.25 + 0.75 * 0.5, 0.25 * 0.5 + 0.75 * 0.75, 0.25 * 0.75 + 0.75];
    expect(Array.from(pixels)).toEqual([...row, ...row, ...row, ...row]);
  });

  it('turns a quarter clockwise: the top row becomes the right column', () => {
    const pixels = shown({ rotation: 90 }, 9);
    const expected = frameOf(9, (x, y) => speckle(y, 8 - x)).pixels;
    for (const [i, grey] of pixels.entries()) expect(grey).toBeCloseTo(expected[i], 6);
  });

  it('shows the frame inside and black outside, whatever the geometry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 32 }), geometry, (size, geometry) => {
        const pixels = shown(geometry, size, () => 1);
        const radians = (geometry.rotation * Math.PI) / 180;
        const centre = (size - 1) / 2;
        for (const [i, grey] of pixels.entries()) {
          // Back by hand: translation, then rotation. A flip maps the frame to itself.
          const dx = (i % size) - centre - (geometry.translation.x * size) / 512;
          const dy = Math.floor(i / size) - centre - (geometry.translation.y * size) / 512;
          const x = Math.cos(radians) * dx + Math.sin(radians) * dy;
          const y = -Math.sin(radians) * dx + Math.cos(radians) * dy;
          const beyond = Math.max(Math.abs(x), Math.abs(y)) - centre;
          if (beyond < -1e-6) expect(grey).toBeCloseTo(1, 6);
          if (beyond > 1 + 1e-9) expect(grey).toBe(0);
          if (beyond > 1e-3 && beyond < 1 - 1e-3) {
            expect(grey).toBeGreaterThan(0);
            expect(grey).toBeLessThan(1);
          }
        }
      }),
    );
  });

  it('reproduces a linear ramp at the place that each pixel comes from', () => {
    const size = 80;
    const ramp = (x: number, y: number) => 0.1 + 0.005 * x + 0.004 * y;
    fc.assert(
      fc.property(geometry, (geometry) => {
        const { pixels } = applyAugmentation(frameOf(size, ramp), { ...still, ...geometry });
        const affine = frameAffine(geometry, size);
        let worst = 0;
        for (const [i, grey] of pixels.entries()) {
          const from = transformBack(affine, { x: i % size, y: Math.floor(i / size) });
          if (Math.min(from.x, from.y) < 0 || Math.max(from.x, from.y) > size - 1) continue;
          worst = Math.max(worst, Math.abs(grey - ramp(from.x, from.y)));
        }
        expect(worst).toBeLessThan(1e-6);
      }),
      { numRuns: 40 },
    );
  });

  /** Solves the two equations of the matrix for the point (Cramer's rule). */
  function transformBack([a, b, e, c, d, f]: ReturnType<typeof frameAffine>, { x, y }: Point): Point {
    const determinant = a * d - b * c;
    return {
      x: (d * (x - e) - b * (y - f)) / determinant,
      y: (a * (y - f) - c * (x - e)) / determinant,
    };
  }
});

describe('brightness and contrast', () => {
  const greys = [0.125, 0.25, 0.5, 0.75];
  const changed = (draws: Partial<AugmentationDraws>) =>
    applyAugmentation({ size: 2, pixels: Float32Array.from(greys), landmarks: landmarksOf(2) }, { ...still, ...draws })
      .pixels;
  const near = (pixels: Float32Array, expected: readonly number[]) => {
    for (const [i, grey] of pixels.entries()) expect(grey).toBeCloseTo(expected[i], 6);
  };

  it('multiplies by the brightness and cuts off at 1', () => {
    near(changed({ brightness: 0.8 }), [0.1, 0.2, 0.4, 0.6]);
    near(changed({ brightness: 1.6 }), [0.2, 0.4, 0.8, 1]);
  });

  it('blends with the mean by the contrast, and cuts off at 0 and 1', () => {
    // Mean 0.40625.
    near(changed({ contrast: 0.5 }), [0.265625, 0.328125, 0.453125, 0.578125]);
    near(changed({ contrast: 2 }), [0, 0.09375, 0.59375, 1]);
    near(changed({ contrast: 0 }), [0.40625, 0.40625, 0.40625, 0.40625]);
  });

  it('does them in the drawn order, each cut off, with the mean of what the first has left', () => {
    // Brightness first: 0.25 0.5 1 1 (cut off from 1.5), whose mean is 0.6875.
    near(changed({ brightness: 2, contrast: 0.5 }), [0.46875, 0.59375, 0.84375, 0.84375]);
    // Contrast first: 0.265625 0.328125 0.453125 0.578125, doubled.
    near(changed({ brightness: 2, contrast: 0.5, contrastFirst: true }), [0.53125, 0.65625, 0.90625, 1]);
  });
});

describe('blur', () => {
  /** The definition, in float64: a full two-dimensional sum with weights of a kernel that ends at 3σ. */
  function reference({ pixels, size }: LabelledFrame, sigma: number, x: number, y: number): number {
    const radius = Math.ceil(3 * sigma);
    const mirror = (position: number): number => {
      if (size === 1) return 0;
      if (position < 0) return mirror(-position);
      return position < size ? position : mirror(2 * (size - 1) - position);
    };
    let [sum, total] = [0, 0];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
        total += weight;
        sum += weight * pixels[mirror(y + dy) * size + mirror(x + dx)];
      }
    }
    return sum / total;
  }

  it('equals the two-dimensional definition, mirrored at the borders, also where the kernel is wider than the frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), real(0.05, 5), (size, blurSigma) => {
        const frame = frameOf(size, speckle);
        const { pixels } = applyAugmentation(frame, { ...still, blurSigma });
        for (const [i, grey] of pixels.entries()) {
          expect(Math.abs(grey - reference(frame, blurSigma, i % size, Math.floor(i / size)))).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the sum of what lies inside, leaves it in its place, and spreads it by its σ', () => {
    const size = 65;
    const { pixels } = applyAugmentation(
      frameOf(size, (x, y) => (x === 30 && y === 34 ? 1 : 0)),
      { ...still, blurSigma: 2 },
    );
    let [sum, x, y, spread] = [0, 0, 0, 0];
    for (const [i, grey] of pixels.entries()) {
      sum += grey;
      x += grey * (i % size);
      y += grey * Math.floor(i / size);
      spread += grey * ((i % size) - 30) ** 2;
    }
    expect(sum).toBeCloseTo(1, 6);
    expect([x, y]).toEqual([expect.closeTo(30, 5), expect.closeTo(34, 5)]);
    // The ends beyond 3σ are missing, hence slightly less than 2.
    expect(Math.sqrt(spread)).toBeGreaterThan(1.95);
    expect(Math.sqrt(spread)).toBeLessThan(2);
  });

  it('keeps an even grey as it is, borders included', () => {
    const { pixels } = applyAugmentation(
      frameOf(20, () => 0.625),
      { ...still, blurSigma: 3.3 },
    );
    for (const grey of pixels) expect(grey).toBeCloseTo(0.625, 6);
  });

  it('comes before the geometry, so that black corners do not bleed into the frame', () => {
    const { pixels } = applyAugmentation(
      frameOf(32, () => 1),
      { ...still, blurSigma: 2, translation: { x: 64, y: 0 } },
    );
    for (const [i, grey] of pixels.entries()) expect(grey).toBeCloseTo(i % 32 < 4 ? 0 : 1, 6);
  });
});
