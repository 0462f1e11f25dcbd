import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { FrameError, NOTICE, parseFrames } from '../../../src/model/index.js';
import {
  angleOfProgression,
  decodeFrame,
  encodeGreyJpeg,
  encodeGreyPng,
  generatePhantom,
  ImageError,
  LANDMARK_NAMES,
  predictImages,
  RunError,
  resolveConfig,
  runTraining,
} from '../../../src/train/index.js';
import { imageElements, writeDicom } from '../../images/dicom-writer.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const config = resolveConfig({
  model: { base: 2, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 1, batchSize: 4, seed: 5 },
});
const dicom = fileURLToPath(new URL('../../../../shared/fixtures/dicom', import.meta.url));

let device: Device;
let run: string;
beforeAll(async () => {
  device = await sharedDevice();
  const parent = await temporaryFolder();
  run = join(parent, 'run');
  await writePhantomSet(join(parent, 'data'), { train: 4, validation: 1, test: 0 });
  await runTraining({ device, data: join(parent, 'data'), config, out: run, stream: new PassThrough() });
});

/** A frame on black ground: `scale` times as large, then with margins. */
function placed(scale: number, { left = 0, right = 0, top = 0, bottom = 0 }) {
  const { pixels, size } = generatePhantom({ seed: 31, index: 2, difficulty: 0, size: 64 });
  const width = scale * size + left + right;
  const height = scale * size + top + bottom;
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < scale * size; y++) {
    for (let x = 0; x < scale * size; x++) {
      grey[(y + top) * width + x + left] = pixels[Math.floor(y / scale) * size + Math.floor(x / scale)];
    }
  }
  return { width, height, pixels: grey };
}

describe('predictImages', () => {
  test("answers in the image's own pixels: margins that are cut off shift, a scale multiplies", async () => {
    const folder = await temporaryFolder();
    const files = await Promise.all(
      Object.entries({
        plain: placed(1, {}),
        wide: placed(1, { left: 18, right: 18 }),
        tall: placed(1, { top: 8, bottom: 8 }),
        twice: placed(2, { left: 16, right: 16 }),
      }).map(async ([name, image]) => {
        const path = join(folder, `${name}.png`);
        await writeFile(path, await encodeGreyPng(image));
        return path;
      }),
    );
    const results = await predictImages(device, run, files, join(folder, 'out'));
    const [plain, wide, tall, twice] = results;
    expect(results.map(({ width, height }) => [width, height])).toEqual([
      [64, 64],
      [100, 64],
      [64, 80],
      [160, 128],
    ]);
    for (const name of LANDMARK_NAMES) {
      const { x, y } = plain.landmarks[name];
      expect(wide.landmarks[name].x).toBeCloseTo(x + 18, 3);
      expect(wide.landmarks[name].y).toBeCloseTo(y, 3);
      expect(tall.landmarks[name].x).toBeCloseTo(x, 3);
      expect(tall.landmarks[name].y).toBeCloseTo(y + 8, 3);
      // Reduced by four instead of two, which weighs the pixels a little differently: at most a tenth of a pixel of 64.
      expect(Math.abs((twice.landmarks[name].x - 16 + 0.5) / 2 - 0.5 - x)).toBeLessThan(0.1);
      expect(Math.abs((twice.landmarks[name].y + 0.5) / 2 - 0.5 - y)).toBeLessThan(0.1);
    }
    const angle = angleOfProgression;
    expect(angle(wide.landmarks)).toBeCloseTo(angle(plain.landmarks) ?? Number.NaN, 1);
    expect([plain.seen, wide.seen, tall.seen]).toEqual([
      { x: 0, y: 0, width: 64, height: 64 },
      { x: 18, y: 0, width: 64, height: 64 },
      { x: 0, y: 8, width: 64, height: 64 },
    ]);
  });

  test('writes what it returns, with an overlay for each image, also of the same name', async () => {
    const [a, b] = [await temporaryFolder(), await temporaryFolder()];
    const image = placed(1, {});
    const files = [join(a, 'x.png'), join(b, 'x.jpg'), join(a, 'x-2.png')];
    await writeFile(files[0], await encodeGreyPng(image));
    await writeFile(files[1], await encodeGreyJpeg({ ...image, pixels: image.pixels.map((grey) => 255 - grey) }, 90));
    await writeFile(files[2], await encodeGreyPng(placed(1, { top: 9 })));
    const out = join(a, 'predictions', 'new');
    const results = await predictImages(device, run, files, out);
    expect(JSON.parse(await readFile(join(out, 'predictions.json'), 'utf8'))).toEqual(results);
    expect((await readdir(out)).sort()).toEqual(
      [...results.map(({ overlay }) => basename(overlay)), 'predictions.json'].sort(),
    );
    expect(new Set(results.map(({ overlay }) => overlay)).size).toBe(3);
    for (const [i, result] of results.entries()) {
      expect(result).toMatchObject({ frame: 1, frameCount: 1, loop: null, notice: NOTICE });
      expect(result.file).toBe(files[i]);
      // After one epoch the landmarks are nearly in one place.
      if (result.aop === null) expect(result.aopMissing).toContain('px apart');
      else expect(result.aop).toBe(angleOfProgression(result.landmarks));
      expect(result.spacing).toBeNull();
      const drawn = await decodeFrame(await readFile(result.overlay), result.overlay);
      expect(drawn.width / drawn.height).toBeCloseTo(result.width / result.height, 6);
      for (const name of LANDMARK_NAMES) {
        const { x, y } = result.landmarks[name];
        expect(x).toBeGreaterThan(-0.5);
        expect(x).toBeLessThan(result.width - 0.5);
        expect(y).toBeGreaterThan(-0.5);
        expect(y).toBeLessThan(result.height - 0.5);
        expect(result.confidence[name]).toBeGreaterThan(0);
        expect(result.confidence[name]).toBeLessThanOrEqual(1);
      }
    }
  });

  test.runIf(existsSync(dicom))('reads DICOM, with its millimetres per pixel where it says so', async () => {
    const files = ['US1_J2KR.dcm', 'color-pl.dcm', 'gdcm-US-ALOKA-16.dcm'].map((name) => join(dicom, name));
    const out = join(await temporaryFolder(), 'out');
    const results = await predictImages(device, run, files, out);
    expect(results.map(({ width, height }) => [width, height])).toEqual([
      [640, 480],
      [256, 120],
      [640, 480],
    ]);
    for (const { landmarks, width, height, seen } of results) {
      for (const { x, y } of Object.values(landmarks)) {
        expect(Math.abs(x + 0.5 - seen.x - seen.width / 2)).toBeLessThan(seen.width / 2);
        expect(Math.abs(y + 0.5 - seen.y - seen.height / 2)).toBeLessThan(seen.height / 2);
      }
      expect(seen.width).toBeCloseTo(seen.height, 9);
      expect(seen.width).toBeLessThanOrEqual(Math.min(width, height));
    }
    expect(results[2].spacing?.x).toBeCloseTo(0.3827, 3);
    // The region that the file names, and nothing of the second image beside it.
    expect(results[2].seen).toMatchObject({ x: 32, width: 304 });
    expect((await readdir(out)).sort()).toEqual([
      'US1_J2KR-overlay.png',
      'color-pl-overlay.png',
      'gdcm-US-ALOKA-16-overlay.png',
      'predictions.json',
    ]);
  });

  test('answers every frame of a loop, or those that are chosen, with their median and spread', async () => {
    const folder = await temporaryFolder();
    const shades = [0, 1, 2, 3].map((index) => generatePhantom({ seed: 9, index, difficulty: 0, size: 64 }).pixels);
    const loop = join(folder, 'loop.dcm');
    const elements = imageElements(64, 64, 'MONOCHROME2', Uint8Array.from(shades.flatMap((one) => [...one])), [
      [0x00280008, 'IS', '4'],
    ]);
    await writeFile(loop, writeDicom({ elements }));
    const single = join(folder, 'loop-3.png');
    await writeFile(single, await encodeGreyPng({ width: 64, height: 64, pixels: shades[2] }));
    const out = join(folder, 'out');
    const all = await predictImages(device, run, [loop, single], out);
    expect(all.map(({ frame, frameCount }) => [frame, frameCount])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
      [1, 1],
    ]);
    // Frame 3 is the picture on its own, to rounding.
    expect(all[2].landmarks.fh1.x).toBeCloseTo(all[4].landmarks.fh1.x, 3);
    expect(all[1].landmarks).not.toEqual(all[2].landmarks);
    expect(all.map((result) => result.loop?.frames)).toEqual([4, 4, 4, 4, undefined]);
    expect((await readdir(out)).sort()).toEqual([
      'loop-1-overlay.png',
      'loop-2-overlay.png',
      'loop-3-2-overlay.png',
      'loop-3-overlay.png',
      'loop-4-overlay.png',
      'predictions.json',
    ]);
    const chosen = await predictImages(device, run, [loop], join(folder, 'some'), { frames: parseFrames('2,4') });
    expect(chosen.map(({ frame, loop: own }) => [frame, own?.frames])).toEqual([
      [2, 2],
      [4, 2],
    ]);
    expect(chosen[0].landmarks).toEqual(all[1].landmarks);
    const none = join(folder, 'none');
    await expect(predictImages(device, run, [loop], none, { frames: parseFrames('5') })).rejects.toThrow(FrameError);
    expect(existsSync(none)).toBe(false);
  });

  test('reads the samples of a MetaImage from beside its header, wherever the command is run', async () => {
    const folder = await temporaryFolder();
    const { size, pixels } = generatePhantom({ seed: 3, index: 0, difficulty: 1, size: 64 });
    const header = `ObjectType = Image\nDimSize = ${size} ${size}\nElementType = MET_UCHAR\nElementDataFile = frame.raw\n`;
    const [apart, whole] = [join(folder, 'apart.mhd'), join(folder, 'whole.png')];
    await writeFile(apart, header);
    await writeFile(whole, await encodeGreyPng({ width: size, height: size, pixels }));
    const predict = () => predictImages(device, run, [apart, whole], join(folder, 'out'));
    await expect(predict()).rejects.toThrow(
      `${apart}: its samples are in frame.raw, which was not given; give both files together`,
    );
    await writeFile(join(folder, 'frame.raw'), pixels);
    const [first, second] = await predict();
    expect(first.landmarks).toEqual(second.landmarks);
  });

  test('writes nothing where one image cannot be read, and names it', async () => {
    const folder = await temporaryFolder();
    const good = join(folder, 'good.png');
    const whole = await encodeGreyPng(placed(1, {}));
    await writeFile(good, whole);
    await writeFile(join(folder, 'cut.png'), whole.subarray(0, whole.length / 2));
    await writeFile(join(folder, 'text.png'), 'no picture at all');
    for (const bad of ['cut.png', 'text.png', 'gone.png']) {
      const path = join(folder, bad);
      const refused = predictImages(device, run, [good, path], join(folder, 'out'));
      await expect(refused, bad).rejects.toThrow(ImageError);
      await expect(refused, bad).rejects.toThrow(path);
      expect(existsSync(join(folder, 'out')), bad).toBe(false);
    }
  });

  test('names the folder that holds no run', async () => {
    const folder = await temporaryFolder();
    const image = join(folder, 'a.png');
    await writeFile(image, await encodeGreyPng(placed(1, {})));
    await expect(predictImages(device, folder, [image], join(folder, 'out'))).rejects.toThrow(RunError);
    expect(await readdir(folder)).toEqual(['a.png']);
  });

  test('gives back all memory of the device', async () => {
    const folder = await temporaryFolder();
    const image = join(folder, 'a.png');
    await writeFile(image, await encodeGreyPng(placed(1, {})));
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    await predictImages(device, run, [image], join(folder, 'out'));
    expect(used()).toBeLessThanOrEqual(before);
  });
});
