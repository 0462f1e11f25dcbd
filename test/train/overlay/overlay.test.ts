import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Landmarks } from '../../../src/model/landmarks.js';
import { OverlayError, renderContactSheet, renderOverlay } from '../../../src/train/overlay/index.js';
import { COLORS } from '../../../src/train/overlay/marks.js';

const predicted: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
const truth: Landmarks = { ps1: { x: 284, y: 66 }, ps2: { x: 150, y: 140 }, fh1: { x: 350, y: 260 } };

async function decode(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * info.channels).subarray(0, 3)];
  return { ...info, at };
}

function rgb(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

describe('renderOverlay', () => {
  const grey = new Uint8Array(512 * 512).fill(40);

  it('marks each landmark on its own pixel and leaves the rest of the frame alone', async () => {
    const image = await decode(await renderOverlay({ pixels: grey, width: 512, height: 512, predicted, aop: 93.1 }));
    expect([image.width, image.height, image.channels]).toEqual([512, 512, 3]);
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      const { x, y } = predicted[name];
      for (const [channel, value] of image.at(x, y).entries()) {
        expect(Math.abs(value - rgb(COLORS[name])[channel]), name).toBeLessThan(12);
      }
    }
    expect(image.at(500, 500)).toEqual([40, 40, 40]);
    expect(image.at(20, 480)).toEqual([40, 40, 40]);
  });

  it('draws the truth in green where it is given', async () => {
    const options = { pixels: grey, width: 512, height: 512, predicted, aop: 93.1 };
    // The upper corner of the diamond around FH1.
    const [x, y] = [350, 255];
    const without = (await decode(await renderOverlay(options))).at(x, y);
    const [red, green, blue] = (await decode(await renderOverlay({ ...options, truth }))).at(x, y);
    expect(without).toEqual([40, 40, 40]);
    expect(green).toBeGreaterThan(Math.max(red, blue) + 40);
  });

  it('enlarges a small frame by a whole factor, points with it', async () => {
    const small: Landmarks = { ps1: { x: 70, y: 20 }, ps2: { x: 38, y: 27 }, fh1: { x: 98, y: 72 } };
    const image = await decode(
      await renderOverlay({
        pixels: new Float32Array(128 * 96).fill(0.5),
        width: 128,
        height: 96,
        predicted: small,
        aop: 90,
      }),
    );
    expect([image.width, image.height]).toEqual([512, 384]);
    // Pixel 98 becomes pixels 392 to 395.
    expect(image.at(393, 289)[0]).toBeGreaterThan(230);
    expect(image.at(500, 370)).toEqual([128, 128, 128]);
  });

  it('takes floats from 0 to 1 and clips what lies beyond', async () => {
    const pixels = new Float32Array(512 * 512).map((_, index) => (index % 512 < 256 ? -3 : 7));
    const image = await decode(await renderOverlay({ pixels, width: 512, height: 512, predicted, aop: 93.1 }));
    expect(image.at(100, 400)).toEqual([0, 0, 0]);
    expect(image.at(400, 400)).toEqual([255, 255, 255]);
  });

  it('refuses pixels that do not fill the frame and coordinates that are not finite', async () => {
    const options = { pixels: grey, width: 512, height: 500, predicted, aop: 93.1 };
    await expect(renderOverlay(options)).rejects.toThrow(OverlayError);
    await expect(renderOverlay(options)).rejects.toThrow('512×500 px has 256000 grey values, and 262144 are given');
    const broken = { ...predicted, fh1: { x: Number.NaN, y: 1 } };
    await expect(renderOverlay({ ...options, height: 512, truth: broken })).rejects.toThrow(
      'The true FH1 is at (NaN, 1)',
    );
  });
});

describe('renderContactSheet', () => {
  const picture = (width: number, height: number, background: string) =>
    sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer();

  it('lays pictures out in rows, each in the middle of its cell', async () => {
    const pictures = await Promise.all([picture(40, 30, '#f00'), picture(20, 30, '#0f0'), picture(40, 10, '#00f')]);
    const sheet = await decode(await renderContactSheet(pictures, 2));
    expect([sheet.width, sheet.height]).toEqual([3 * 8 + 2 * 40, 3 * 8 + 2 * 30]);
    expect(sheet.at(8, 8)).toEqual([255, 0, 0]);
    expect(sheet.at(66, 8)).toEqual([0, 255, 0]);
    expect(sheet.at(65, 8)).toEqual([0x16, 0x19, 0x1f]);
    expect(sheet.at(8, 56)).toEqual([0, 0, 255]);
    expect(sheet.at(8, 55)).toEqual([0x16, 0x19, 0x1f]);
  });

  it('refuses no pictures and no columns', async () => {
    await expect(renderContactSheet([], 2)).rejects.toThrow(OverlayError);
    await expect(renderContactSheet([await picture(4, 4, '#000')], 0)).rejects.toThrow(/1 pictures in 0 columns/);
  });
});
