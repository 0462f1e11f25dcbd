import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, type Device, DeviceError, type Tensor } from '../../../src/index.js';
import { LANDMARK_NAMES, type Landmarks } from '../../../src/model/landmarks.js';
import { drawOnFrame } from '../../../src/train/augmentation/augment.js';
import { drawOnDevice } from '../../../src/train/augmentation/device/draws.js';
import {
  AugmentationError,
  type AugmentationKey,
  type AugmentationSettings,
  augment,
  augmentFrames,
  drawAugmentation,
  FrameStore,
  frameAffine,
  invertIsometry,
  type LabelledFrame,
  transformPoint,
} from '../../../src/train/augmentation/index.js';
import { resolveConfig } from '../../../src/train/config/index.js';
import { propertyParameters } from '../../support/check-operation.js';
import { checkedDevice, reportFull, sharedDevice } from '../../support/device.js';

const paper = resolveConfig({}).augmentation;
const ATTEMPTS = 50;
/** Landmarks agree to this, px. */
const PLACE = 1e-3;

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const probability = fc.oneof(fc.constantFrom(0, 1, 0.5, 2 ** -32), fc.double({ min: 0, max: 1, noNaN: true }));
const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const settings: fc.Arbitrary<AugmentationSettings> = fc.record({
  enabled: fc.constant(true),
  brightness: real(0, 1),
  contrast: real(0, 1),
  blur: fc.record({
    probability,
    sigma: fc.tuple(real(0.05, 4), real(0.05, 4)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
  }),
  horizontalFlip: probability,
  verticalFlip: probability,
  rotation: real(0, 180),
  translation: real(0, 256),
});

const flat = (landmarks: Landmarks) => LANDMARK_NAMES.flatMap((name) => [landmarks[name].x, landmarks[name].y]);
/** Landmarks of a frame, exact in float32. */
const landmarksIn = (size: number): fc.Arbitrary<Landmarks> => {
  const coordinate = fc.integer({ min: 0, max: 64 * (size - 1) }).map((step) => step / 64);
  const point = fc.record({ x: coordinate, y: coordinate });
  return fc.record({ ps1: point, ps2: point, fh1: point });
};

/** Bytes with both ends among them, as greys. */
function frameOf(size: number, landmarks: Landmarks, seed = 0): LabelledFrame {
  const pixels = Float32Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    return ((x * 7919 + y * 104_729 + x * y * 31 + seed * 57) % 256) / 255;
  });
  return { pixels, size, landmarks };
}

describe('draws on the device', () => {
  test('are those of the CPU: the same chances, the same geometries drawn again, and landmarks in the same place', async () => {
    const device = await sharedDevice();
    const attempts = new Set<number>();
    const run = fc.asyncProperty(
      settings,
      word,
      word,
      fc.integer({ min: 16, max: 512 }),
      fc.integer({ min: 1, max: 24 }),
      fc.infiniteStream(word),
      async (settings, seed, epoch, size, count, words) => {
        const frames = fc.sample(landmarksIn(size), { numRuns: count, seed }).map((landmarks) => ({ landmarks, size }));
        const order = [...words.take(count + 3)].map((value) => value % count);
        const drawn = drawOnDevice(
          device.tensor(
            frames.flatMap(({ landmarks }) => flat(landmarks)),
            [count, 3, 2],
          ),
          device.tensor(order, [order.length], 'u32'),
          device.tensor([seed, epoch], [2], 'u32'),
          { settings, size, attempts: ATTEMPTS },
        );
        const [factors, sigma, geometry, inverses, landmarks] = [
          await drawn.factors.data(),
          await drawn.sigma.data(),
          await drawn.geometry.data(),
          await drawn.inverses.data(),
          await drawn.landmarks.data(),
        ];
        for (const [i, index] of order.entries()) {
          const frame = frames[index];
          const key: AugmentationKey = [seed, epoch, index];
          if (isTight(frame, settings, key)) continue;
          const draws = drawOnFrame(frame, settings, key);
          const affine = frameAffine(draws, size);
          attempts.add(attemptOf(draws, settings, key));
          expect(factors[3 * i]).toBeCloseTo(draws.brightness, 6);
          expect(factors[3 * i + 1]).toBeCloseTo(draws.contrast, 6);
          expect(factors[3 * i + 2]).toBe(Number(draws.contrastFirst));
          expect(sigma[i] > 0).toBe(draws.blurSigma > 0);
          expect(sigma[i]).toBeCloseTo(draws.blurSigma, 5);
          expect([geometry[5 * i], geometry[5 * i + 1]]).toEqual([
            Number(draws.horizontalFlip),
            Number(draws.verticalFlip),
          ]);
          expect(geometry[5 * i + 2]).toBeCloseTo(draws.rotation, 4);
          expect(geometry[5 * i + 3]).toBeCloseTo(draws.translation.x, 4);
          expect(geometry[5 * i + 4]).toBeCloseTo(draws.translation.y, 4);
          for (const [k, name] of LANDMARK_NAMES.entries()) {
            const { x, y } = transformPoint(affine, frame.landmarks[name]);
            const at = 6 * i + 2 * k;
            expect(Math.hypot(landmarks[at] - x, landmarks[at + 1] - y), name).toBeLessThan(PLACE);
          }
          const inverse = invertIsometry(affine);
          const [xx, xy, tx, yx, yy, ty] = inverses.subarray(6 * i, 6 * i + 6);
          for (const corner of [0, size - 1]) {
            const from = transformPoint(inverse, { x: corner, y: size - 1 });
            const seen = transformPoint([xx, xy, tx, yx, yy, ty], { x: corner, y: size - 1 });
            expect(Math.hypot(seen.x - from.x, seen.y - from.y)).toBeLessThan(PLACE);
          }
        }
      },
    );
    await fc.assert(run, propertyParameters(2));
    // The first draw, later ones, and none that keeps the landmarks on the frame.
    expect(attempts).toContain(0);
    expect(attempts).toContain(-1);
    expect([...attempts].filter((attempt) => attempt > 3).length).toBeGreaterThan(3);
  });

  /** Whether a landmark comes so near the border in some attempt that rounding may decide about it. */
  function isTight(
    { size, landmarks }: { readonly size: number; readonly landmarks: Landmarks },
    settings: AugmentationSettings,
    key: AugmentationKey,
  ): boolean {
    return Array.from({ length: ATTEMPTS }, (_, attempt) => {
      const affine = frameAffine(drawAugmentation(settings, key, attempt), size);
      return LANDMARK_NAMES.some((name) => {
        const { x, y } = transformPoint(affine, landmarks[name]);
        return [x, y].some((value) => [-0.5, size - 0.5].some((border) => Math.abs(value - border) < PLACE));
      });
    }).some(Boolean);
  }

  /** Which attempt a geometry comes from; −1 for a frame that was left in its place. */
  function attemptOf(
    { rotation, translation }: ReturnType<typeof drawAugmentation>,
    ...[settings, key]: [AugmentationSettings, AugmentationKey]
  ): number {
    return Array.from({ length: ATTEMPTS }, (_, attempt) => drawAugmentation(settings, key, attempt)).findIndex(
      (draws) => draws.rotation === rotation && draws.translation.x === translation.x,
    );
  }

  test('turn by quarters exactly', async () => {
    const device = await sharedDevice();
    const size = 7;
    const landmarks = { ps1: { x: 5, y: 1 }, ps2: { x: 1, y: 2 }, fh1: { x: 3, y: 6 } };
    // Keys whose rotation within ±180° is nearly none, for lack of one that is a quarter: settings of 0 turn by 0.
    const still: AugmentationSettings = { ...paper, rotation: 0, translation: 0, horizontalFlip: 1, verticalFlip: 1 };
    const drawn = drawOnDevice(
      device.tensor(flat(landmarks), [1, 3, 2]),
      device.tensor([0], [1], 'u32'),
      device.tensor([1, 1], [2], 'u32'),
      { settings: still, size, attempts: ATTEMPTS },
    );
    expect([...(await drawn.landmarks.data())]).toEqual([1, 5, 5, 4, 3, 0]);
    expect([...(await drawn.inverses.data())].map((value) => value + 0)).toEqual([-1, 0, 6, 0, -1, 6]);
  });
});

describe('batches made on the device', () => {
  /** What the device makes of frames, compiled as training does it. */
  async function prepared(
    device: Device,
    frames: readonly LabelledFrame[],
    order: readonly number[],
    [seed, epoch]: readonly [number, number],
    settings: AugmentationSettings,
  ) {
    const store = await FrameStore.create(device, frames);
    const prepare = compile((indices: Tensor, key: Tensor) => {
      const { images, landmarks } = augmentFrames(store, indices, key, settings);
      return { images, landmarks };
    });
    const indices = device.tensor(order, [order.length], 'u32');
    const key = device.tensor([seed, epoch], [2], 'u32');
    const { images, landmarks } = await prepare(indices, key);
    const result = { pixels: await images.data(), landmarks: await landmarks.data(), shape: images.shape };
    const chunks = store.chunks.length;
    for (const tensor of [images, landmarks, indices, key]) tensor.dispose();
    prepare.dispose();
    store.dispose();
    return { ...result, chunks };
  }

  function landmarksOf(size: number): Landmarks {
    const at = (x: number, y: number) => ({ x: Math.round(x * size), y: Math.round(y * size) });
    return { ps1: at(0.55, 0.25), ps2: at(0.3, 0.3), fh1: at(0.6, 0.45) };
  }

  const cases: [string, number, AugmentationSettings][] = [
    ['the paper’s settings', 64, paper],
    ['rows that do not end with a word', 37, paper],
    [
      'everything at its strongest',
      48,
      {
        ...paper,
        brightness: 1,
        contrast: 1,
        blur: { probability: 1, sigma: [0, 6] },
        rotation: 180,
        translation: 64,
      },
    ],
    ['no blur', 32, { ...paper, blur: { probability: 0, sigma: [0.1, 2] } }],
    ['no jitter and no blur', 32, { ...paper, brightness: 0, contrast: 0, blur: { probability: 0, sigma: [0, 0] } }],
    ['appearance alone', 32, { ...paper, rotation: 0, translation: 0, horizontalFlip: 0, verticalFlip: 0 }],
    ['nothing', 30, { ...paper, enabled: false }],
  ];
  test.each(cases)('equal those of the CPU to a grey level and 10⁻³ px: %s', async (_, size, settings) => {
    const device = await sharedDevice();
    const frames = [0, 1, 2, 3, 4].map((seed) => frameOf(size, landmarksOf(size), seed));
    const order = [3, 0, 4, 4, 1, 2];
    const [seed, epoch] = [77, 5];
    const { pixels, landmarks, shape } = await prepared(device, frames, order, [seed, epoch], settings);
    expect(shape).toEqual([order.length, size, size, 1]);
    for (const [i, index] of order.entries()) {
      const expected = augment(frames[index], settings, [seed, epoch, index]);
      let worst = 0;
      for (const [p, grey] of expected.pixels.entries()) {
        worst = Math.max(worst, Math.abs(pixels[i * size * size + p] - grey));
      }
      expect(255 * worst, `image ${i}`).toBeLessThan(0.1);
      for (const [k, value] of flat(expected.landmarks).entries()) {
        expect(Math.abs(landmarks[6 * i + k] - value)).toBeLessThan(PLACE);
      }
    }
  });

  test('are the same bits again, also in checked mode, and others for another seed and another epoch', async () => {
    const frames = [0, 1, 2].map((seed) => frameOf(24, landmarksOf(24), seed));
    const batch = async (device: Device, key: readonly [number, number]) =>
      (await prepared(device, frames, [2, 0, 1], key, paper)).pixels;
    const first = await batch(await sharedDevice(), [1, 1]);
    expect(await batch(await sharedDevice(), [1, 1])).toEqual(first);
    expect(await batch(await checkedDevice(), [1, 1])).toEqual(first);
    expect(await batch(await sharedDevice(), [2, 1])).not.toEqual(first);
    expect(await batch(await sharedDevice(), [1, 2])).not.toEqual(first);
  });

  test('come from as many tensors as bindings of the adapter need', async () => {
    const device = await sharedDevice();
    const frames = [0, 1, 2, 3, 4].map((seed) => frameOf(64, landmarksOf(64), seed));
    const order = [4, 1, 0, 3, 2];
    const whole = await prepared(device, frames, order, [3, 1], paper);
    // Frames of 4096 bytes, two to a binding.
    const real = device.limits;
    const narrow = new Proxy(real, {
      get: (limits, name) => (name === 'maxStorageBufferBindingSize' ? 9000 : Reflect.get(limits, name, limits)),
    });
    const store = await withLimits(device, narrow, () => FrameStore.create(device, frames));
    expect(store.chunks.map(({ shape }) => shape[0])).toEqual([2, 2, 1]);
    const indices = device.tensor(order, [5], 'u32');
    const { images } = augmentFrames(store, indices, device.tensor([3, 1], [2], 'u32'), paper);
    expect(await images.data()).toEqual(whole.pixels);
    expect(whole.chunks).toBe(1);
  });

  async function withLimits<T>(device: Device, limits: GPUSupportedLimits, body: () => Promise<T>): Promise<T> {
    const real = device.limits;
    Object.defineProperty(device, 'limits', { value: limits, configurable: true });
    try {
      return await body();
    } finally {
      Object.defineProperty(device, 'limits', { value: real, configurable: true });
    }
  }
});

describe('a store of frames', () => {
  const landmarks = { ps1: { x: 5, y: 3 }, ps2: { x: 2, y: 3 }, fh1: { x: 4, y: 7 } };

  test('rounds greys to 256 levels', async () => {
    const device = await sharedDevice();
    const pixels = Float32Array.of(0, 0.4 / 255, 0.6 / 255, 254.6 / 255, -3, 1.2, 0.5, 100 / 255, 1);
    const store = await FrameStore.create(device, [{ pixels, size: 3, landmarks }]);
    const { images } = augmentFrames(store, device.tensor([0], [1], 'u32'), device.tensor([0, 0], [2], 'u32'), {
      ...paper,
      enabled: false,
    });
    const bytes = [...(await images.data())].map((grey) => Math.round(255 * grey * 1e4) / 1e4);
    expect(bytes).toEqual([0, 0, 1, 255, 0, 255, 128, 100, 255]);
    expect([store.count, store.frameSize, store.bytes]).toEqual([1, 3, 4 * (3 + 6 + 256)]);
    store.dispose();
  });

  test('refuses frames of two sizes, a pixel that is no number and landmarks that are none', async () => {
    const device = await sharedDevice();
    const frame = frameOf(8, landmarks);
    await expect(FrameStore.create(device, [frame, frameOf(9, landmarks)])).rejects.toThrow(
      /2 of 2 sizes \(8, 9\); fit them to one/,
    );
    const broken = frame.pixels.slice();
    broken[19] = Number.NaN;
    await expect(FrameStore.create(device, [frame, { ...frame, pixels: broken }])).rejects.toThrow(
      /Frame 2 has no grey at pixel 3, 2/,
    );
    const lost = { ...frame, landmarks: { ...landmarks, fh1: { x: Number.NaN, y: 0 } } };
    await expect(FrameStore.create(device, [frame, lost])).rejects.toThrow(AugmentationError);
  });

  test('gives back what it had where the device has no room, and the device goes on', async () => {
    const device = await sharedDevice();
    const frames = [frameOf(64, landmarks)];
    (await FrameStore.create(device, frames)).dispose();
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    // The second tensor does not fit.
    const pop = reportFull(device, 1);
    await expect(FrameStore.create(device, frames)).rejects.toThrow(DeviceError);
    pop.mockRestore();
    expect(used()).toBeLessThanOrEqual(before);
    expect(await device.ones([3]).data()).toEqual(Float32Array.of(1, 1, 1));
  });
});
