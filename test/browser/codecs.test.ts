import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserBuild } from '../../scripts/browser-build.mjs';
import { decodeFrame } from '../../src/images/index.js';
import { exif, writePng } from '../images/png-writer.js';
import { executable, launch } from './chromium.js';

/** Pictures of odd sizes with edges, ramps and noise in all channels. */
function picture(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const noise = (x * 7919 + y * 104_729) % 61;
      pixels.set([(x * 9 + noise) & 255, x > width / 2 ? 220 : 30, (y * 11 + noise) & 255], 3 * (y * width + x));
    }
  }
  return pixels;
}

async function jpegs(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [width, height] of [
    [1, 1],
    [17, 9],
    [64, 48],
  ]) {
    for (const grey of [true, false]) {
      for (const chromaSubsampling of grey ? ['4:4:4'] : ['4:4:4', '4:2:0']) {
        for (const progressive of [false, true]) {
          for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
            const image = sharp(picture(width, height), { raw: { width, height, channels: 3 } });
            if (grey) image.greyscale().toColourspace('b-w');
            const bytes = await image
              .withMetadata({ orientation })
              .jpeg({ quality: 90, chromaSubsampling, progressive })
              .toBuffer();
            const name = `${width}×${height} ${grey ? 'grey' : chromaSubsampling}${progressive ? ', progressive' : ''}, orientation ${orientation}`;
            files[name] = new Uint8Array(bytes);
          }
        }
      }
    }
  }
  return files;
}

function pngs(): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [colour, depth] of [
    [0, 1],
    [0, 4],
    [0, 16],
    [2, 8],
    [2, 16],
    [3, 2],
    [3, 8],
    [4, 8],
    [6, 16],
  ]) {
    for (const interlaced of [false, true]) {
      for (const orientation of [1, 6]) {
        const options = { width: 11, height: 9, colour, depth, interlaced, filter: 4, more: [exif(orientation)] };
        files[`PNG ${colour}/${depth}, interlaced ${interlaced}, orientation ${orientation}`] = writePng(options);
      }
    }
  }
  return files;
}

describe.skipIf(!executable)('the codecs of a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-codecs-'));
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    await browserBuild({ codecs: 'src/images/decode.ts' }, { dir: folder });
    browser = await launch();
    page = await browser.newPage();
    await page.route('http://codecs.test/**', (route) => {
      const { pathname } = new URL(route.request().url());
      return pathname === '/'
        ? route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
        : route.fulfill({ path: join(folder, pathname) });
    });
    await page.goto('http://codecs.test/');
    await page.addScriptTag({
      type: 'module',
      content: `import { decodeFrame } from '/codecs.js'; globalThis.decodeFrame = decodeFrame;`,
    });
    await page.waitForFunction(() => 'decodeFrame' in globalThis);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const decodeInPage = (bytes: Uint8Array) =>
    page.evaluate(async (base64) => {
      const decode = (globalThis as unknown as { decodeFrame: typeof decodeFrame }).decodeFrame;
      const { width, height, pixels } = await decode(
        Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)),
        'a',
      );
      return { width, height, pixels: [...pixels] };
    }, Buffer.from(bytes).toString('base64'));

  async function compare(files: Record<string, Uint8Array>, levels: number): Promise<void> {
    for (const [name, bytes] of Object.entries(files)) {
      const node = await decodeFrame(bytes, name);
      const inPage = await decodeInPage(bytes);
      expect([inPage.width, inPage.height], name).toEqual([node.width, node.height]);
      const apart = Math.max(...inPage.pixels.map((value, i) => Math.abs(value - node.pixels[i])));
      expect(apart * 255, name).toBeLessThanOrEqual(levels);
    }
  }

  test('gives the same pixels as Node’s for PNG of every kind', () => compare(pngs(), 0));

  test('gives the same pixels as Node’s for JPEG of every kind', async () => compare(await jpegs(), 0));
});
