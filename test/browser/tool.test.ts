import { existsSync, readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import axe from 'axe-core';
import { unzipSync } from 'fflate';
import type { Browser, Page, Request } from 'playwright';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PersonaName, personas } from '../../src/engine/persona.js';
import { angleOfProgression } from '../../src/model/index.js';
import { decodeFrame, encodeGreyPng } from '../../src/train/index.js';
import { imageElements, writeDicom } from '../images/dicom-writer.js';
import { executable, launch } from './chromium.js';
import { wearPersona } from './persona.js';
import { type ServedRun, serveSmallRun } from './served-run.js';
import { dropFiles, type Upload } from './tool-page.js';

const NAMES = ['ps1', 'ps2', 'fh1'] as const;

/** A picture with structure at every scale, of which the network makes something particular. */
const WIDTH = 96;
const HEIGHT = 72;
const picture = (seed: number) =>
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return 128 + 70 * Math.sin((x * (seed + 2)) / 17) * Math.cos((y * (seed + 1)) / 11) + ((i * 7919 * seed) % 57);
  });
const grey = (seed: number) => encodeGreyPng({ width: WIDTH, height: HEIGHT, pixels: picture(seed) });

interface OpenOptions {
  readonly persona?: PersonaName;
  readonly script?: () => void;
  readonly touch?: boolean;
  readonly width?: number;
  readonly height?: number;
}

describe.skipIf(!executable)('the page in Chromium', () => {
  let server: ServedRun;
  let browser: Browser;
  let page: Page;
  let requests: Request[] = [];
  let complaints: string[] = [];
  beforeAll(async () => {
    server = await serveSmallRun();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    // Nothing was refused by the content security policy, threw, or went to another host.
    expect(complaints).toEqual([]);
    expect(
      requests
        .map((request) => request.url())
        .filter((url) => !/^(blob:|data:)/.test(url) && !url.startsWith(server.url)),
    ).toEqual([]);
    await page.context().close();
  });

  /** Opens the page and waits for its model. */
  async function open(options: OpenOptions = {}) {
    const { width = 1280, height = 800 } = options;
    const context = await browser.newContext({ viewport: { width, height }, hasTouch: options.touch });
    if (options.persona) await wearPersona(context, options.persona);
    if (options.script) await context.addInitScript(options.script);
    page = await context.newPage();
    requests = [];
    complaints = [];
    page.on('request', (request) => requests.push(request));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of (4|5)\d\d/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(server.url);
    await page.locator('.place.here, .place.there, .place.failed').waitFor();
  }

  const drop = (files: readonly Upload[]) => dropFiles(page, files);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const figure = async () => Number.parseFloat((await page.locator('.figure').textContent()) ?? '');
  const ready = () => page.locator('.figure').waitFor();
  const thumbnail = (position: number) => page.locator('.thumbnail > button:first-child').nth(position);

  async function download(name: string): Promise<Buffer> {
    const [saved] = await Promise.all([page.waitForEvent('download'), button(name).click()]);
    return readFileSync(await saved.path());
  }
  const json = async () => JSON.parse(String(await download('JSON')));

  async function centre(landmark: string): Promise<{ x: number; y: number }> {
    const box = await page.locator(`[data-landmark=${landmark}] .ring`).boundingBox();
    if (!box) throw new Error(`${landmark} is not shown`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  test('finds the same landmarks as Node, in files of every kind, and sends none of them anywhere', async () => {
    const raw = picture(4);
    const wide = Uint16Array.from(raw, (value) => value * 257 - 100);
    const fixture = new URL('../../../shared/fixtures/dicom/US1_J2KR.dcm', import.meta.url);
    const files: Upload[] = [
      { name: 'grey.png', bytes: await grey(1) },
      {
        name: 'deep.png',
        bytes: await sharp(wide, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
          .toColourspace('grey16')
          .png()
          .toBuffer(),
      },
      {
        name: 'colour.jpg',
        bytes: await sharp(Uint8Array.from([...picture(5), ...picture(6), ...picture(7)]), {
          raw: { width: WIDTH, height: HEIGHT, channels: 3 },
        })
          .jpeg({ quality: 85 })
          .toBuffer(),
      },
      {
        name: 'spaced.dcm',
        bytes: writeDicom({
          elements: imageElements(WIDTH, HEIGHT, 'MONOCHROME2', raw, [[0x00280030, 'DS', '0.3\\0.2']]),
        }),
      },
      {
        name: 'packed.mha',
        bytes: Buffer.concat([
          Buffer.from(
            `ObjectType = Image\nDimSize = ${WIDTH} ${HEIGHT}\nElementType = MET_UCHAR\nCompressedData = True\nElementDataFile = LOCAL\n`,
          ),
          deflateSync(picture(8)),
        ]),
      },
      ...(existsSync(fixture) ? [{ name: 'j2k.dcm', bytes: new Uint8Array(readFileSync(fixture)) }] : []),
    ];
    await open();
    expect(await page.locator('.place').textContent()).toContain('Runs in this page');
    await drop(files);
    for (const position of files.keys()) {
      await thumbnail(position).click();
      await expect.poll(() => thumbnail(position).getAttribute('aria-label')).toMatch(/, open$/);
    }
    const { frames } = await json();
    // Dropped files stand in the order of their names.
    const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(frames.map(({ file }: { file: string }) => file)).toEqual(sorted.map(({ name }) => name));
    for (const [i, { name, bytes }] of sorted.entries()) {
      const { landmarks } = await server.predict(bytes);
      for (const point of NAMES) {
        const apart = Math.hypot(
          frames[i].landmarks[point].x - landmarks[point].x,
          frames[i].landmarks[point].y - landmarks[point].y,
        );
        expect(apart, `${name}, ${point}`).toBeLessThan(0.05);
      }
      expect(frames[i].prediction.computed).toBe('page');
    }
    // The landmarks depend on what the frames show, or the comparison would say nothing.
    const spread = frames.slice(0, 3).map(({ landmarks }: (typeof frames)[number]) => landmarks.ps2.x);
    expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(1);
    const spaced = frames.find(({ file }: { file: string }) => file === 'spaced.dcm');
    expect(spaced.spacing).toEqual({ x: 0.2, y: 0.3 });
    await thumbnail(sorted.findIndex(({ name }) => name === 'spaced.dcm')).click();
    expect((await page.locator('.warning').allTextContents()).join()).toContain('Pixels are not square');
    expect(await page.locator('.scale-bar').textContent()).toMatch(/^\d+ mm$/);
    expect(requests.filter((request) => request.method() !== 'GET')).toEqual([]);
  });

  test.each<PersonaName>(['m1', 'no-subgroups'])('finds the same landmarks as Node, persona %s', async (persona) => {
    await open({ persona });
    const { description } = personas[persona].info;
    const place = (await page.locator('.place').textContent()) ?? '';
    expect(place).toBe(`Runs in this page on ${description || 'unknown adapter'}. Frames do not leave it.`);
    const files = await Promise.all([1, 2].map(async (seed) => ({ name: `${seed}.png`, bytes: await grey(seed) })));
    await drop(files);
    await ready();
    await thumbnail(1).click();
    await expect.poll(() => thumbnail(1).getAttribute('aria-label')).toBe('2.png, open');
    const { frames } = await json();
    for (const [i, { bytes }] of files.entries()) {
      const { landmarks } = await server.predict(bytes);
      for (const point of NAMES) {
        const found = frames[i].landmarks[point];
        expect(Math.hypot(found.x - landmarks[point].x, found.y - landmarks[point].y)).toBeLessThan(0.05);
      }
      expect(frames[i].prediction.computed).toBe('page');
    }
    // The header says so still: nothing had to be opened again.
    expect(await page.locator('.place').textContent()).toBe(place);
  });

  test('takes a MetaImage in two files for one, and finds the same in it as in one file', async () => {
    const header = (samples: string) =>
      `ObjectType = Image\nDimSize = ${WIDTH} ${HEIGHT}\nElementType = MET_UCHAR\nElementDataFile = ${samples}\n`;
    await open();
    await drop([
      { name: 'a.mhd', bytes: Buffer.from(header('a.raw')) },
      { name: 'a.raw', bytes: picture(3) },
      { name: 'b.mha', bytes: Buffer.concat([Buffer.from(header('LOCAL')), picture(3)]) },
    ]);
    await ready();
    await thumbnail(1).click();
    await expect.poll(() => thumbnail(1).getAttribute('aria-label')).toBe('b.mha, open');
    const { frames } = await json();
    expect(frames.map(({ file }: { file: string }) => file)).toEqual(['a.mhd', 'b.mha']);
    expect(frames[0].landmarks).toEqual(frames[1].landmarks);
  });

  test('lets landmarks be dragged, moved by keys, undone and redone; the angle follows', async () => {
    await open();
    await drop([{ name: 'a.png', bytes: await grey(1) }]);
    await ready();
    const before = await figure();
    const from = await centre('fh1');
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + 40, from.y + 15, { steps: 3 });
    expect(await page.locator('.loupe').count()).toBe(1);
    await page.mouse.move(from.x + 140, from.y + 60, { steps: 5 });
    await page.mouse.up();
    const to = await centre('fh1');
    expect(to.x - from.x).toBeCloseTo(140, 0);
    expect(to.y - from.y).toBeCloseTo(60, 0);
    expect(await page.locator('.loupe').count()).toBe(0);
    const dragged = await figure();
    const { frames } = await json();
    const [{ landmarks, prediction }] = frames;
    expect(dragged).toBeCloseTo(angleOfProgression(landmarks) ?? 0, 1);
    expect(dragged).not.toBeCloseTo(before, 0);
    expect(prediction.aop).toBeCloseTo(before, 1);
    expect(await page.locator('.angle').textContent()).toContain(`predicted ${before.toFixed(1)}°`);
    expect(await page.locator('path.before').count()).toBe(1);

    await page.locator('[data-landmark=ps2]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowDown');
    const moved = (await json()).frames[0].landmarks.ps2;
    expect(moved.x - landmarks.ps2.x).toBeCloseTo(-1, 6);
    expect(moved.y - landmarks.ps2.y).toBeCloseTo(10, 6);
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z');
    expect(await figure()).toBe(before);
    expect(await button('Undo').isDisabled()).toBe(true);
    await button('Redo').click();
    expect(await figure()).toBe(dragged);
    await page.keyboard.press('r');
    expect(await figure()).toBe(before);
  });

  test('lets a finger drag, on a tablet held upright', async () => {
    await open({ touch: true, width: 820, height: 1180 });
    await drop([{ name: 'a.png', bytes: await grey(1) }]);
    await ready();
    const from = await centre('ps1');
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', dx: number) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: from.x + dx, y: from.y }],
      });
    await touch('touchStart', 0);
    for (const dx of [-10, -30, -60]) await touch('touchMove', dx);
    await touch('touchEnd', -60);
    await expect.poll(async () => (await centre('ps1')).x - from.x).toBeCloseTo(-60, 0);
    expect((await centre('ps1')).y - from.y).toBeCloseTo(0, 0);
  });

  test('annotates frame after frame and hands out what becomes training data, pictures and markups', async () => {
    await open();
    await drop([
      { name: 'a.png', bytes: await grey(1) },
      { name: 'b.png', bytes: await grey(2) },
      { name: 'c.png', bytes: await grey(3) },
    ]);
    await ready();
    expect(await button('CSV').isDisabled()).toBe(true);
    await button('Accept').click();
    await expect.poll(() => thumbnail(1).getAttribute('aria-current')).toBe('true');
    await ready();
    await page.locator('[data-landmark=ps1]').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('a');
    await expect.poll(() => thumbnail(2).getAttribute('aria-current')).toBe('true');
    await ready();
    expect(await thumbnail(0).getAttribute('aria-label')).toBe('a.png, accepted');
    expect(await thumbnail(1).getAttribute('aria-label')).toBe('b.png, corrected');
    expect(await page.locator('.tally').textContent()).toContain('3 of 3, 2 accepted');

    const rows = String(await download('CSV'))
      .trim()
      .split('\n');
    expect(rows[0]).toBe('Filename,PS1,PS2,FH1,AoP');
    expect(rows.slice(1).map((row) => row.slice(0, 5))).toEqual(['a.png', 'b.png']);
    const archive = unzipSync(new Uint8Array(await download('Training set')));
    expect(Object.keys(archive).sort()).toEqual([
      'Training/Labeled cases/a.png',
      'Training/Labeled cases/b.png',
      'Training/Labeled cases/label.csv',
      'corrections.json',
    ]);
    const saved = await decodeFrame(archive['Training/Labeled cases/b.png'], 'b.png');
    expect(Array.from(saved.pixels, (value) => Math.round(255 * value))).toEqual([...picture(2)]);
    expect(JSON.parse(String(await download('Slicer'))).markups).toHaveLength(2);
    const svg = String(await download('SVG'));
    expect(svg).toMatch(/^<svg [^>]*><image href="data:image\/png;base64,/);
    const png = await sharp(await download('PNG')).metadata();
    // Small frames are enlarged by a whole factor.
    expect([png.width, png.height]).toEqual([6 * WIDTH, 6 * HEIGHT]);
  });

  test('fades the heatmaps, and shows any frame of a file', async () => {
    await open();
    const pixels = Uint8Array.from([...picture(1), ...picture(2), ...picture(3)]);
    const elements = imageElements(WIDTH, HEIGHT, 'MONOCHROME2', pixels, [[0x00280008, 'IS', '3']]);
    await drop([{ name: 'cine.dcm', bytes: writeDicom({ elements }) }]);
    await ready();
    const heat = page.getByRole('slider', { name: 'Heatmaps' });
    await heat.fill('30');
    expect(await page.locator('.heat canvas').evaluate((canvas) => getComputedStyle(canvas).opacity)).toBe('0.3');
    await heat.fill('0');
    expect(await page.locator('.heat').count()).toBe(0);
    const place = () => page.locator('[data-landmark=ps1]').getAttribute('aria-label');
    const first = await place();
    await page.keyboard.press('.');
    expect(await page.locator('.frame-slider output').textContent()).toBe('frame 2 of 3');
    await ready();
    await expect.poll(place).not.toBe(first);
    await button('Accept').click();
    expect(String(await download('CSV'))).toContain('cine-frame-0002.png,');
  });

  test('runs on the server where there is no WebGPU, says so, and sends the picture alone', async () => {
    await open({ script: () => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }) });
    expect(await page.locator('.place').textContent()).toMatch(
      /Runs on the server .*this browser does not support WebGPU.*sent to it/,
    );
    const dicom = writeDicom({
      elements: imageElements(WIDTH, HEIGHT, 'MONOCHROME2', picture(4), [[0x00100010, 'PN', 'Doe^Jane']]),
    });
    await drop([{ name: 'Jane Doe.dcm', bytes: dicom }]);
    await ready();
    const [sent, ...more] = requests.filter((request) => request.method() === 'POST');
    expect(more).toEqual([]);
    const body = sent.postDataBuffer() ?? Buffer.alloc(0);
    expect((await sharp(body).metadata()).format).toBe('png');
    expect(`${body.toString('latin1')} ${sent.url()} ${JSON.stringify(await sent.allHeaders())}`).not.toMatch(
      /Doe|Jane/,
    );
    const { frames } = await json();
    const { landmarks } = await server.predict(dicom);
    for (const point of NAMES) {
      expect(Math.abs(frames[0].landmarks[point].x - landmarks[point].x)).toBeLessThan(0.05);
    }
    expect(frames[0].prediction.computed).toBe('server');
  });

  test('fetches weights once, and at half the size where that is chosen', async () => {
    await open();
    const fetches = () => requests.filter((request) => request.url().includes('/v1/model/weights')).length;
    expect(fetches()).toBe(1);
    await drop([{ name: 'a.png', bytes: await grey(1) }]);
    await ready();
    const full = (await json()).frames[0].landmarks;
    await page.reload();
    await page.locator('.place.here').waitFor();
    expect(fetches()).toBe(1);
    await button('Settings').click();
    await page.getByLabel('Weights').selectOption('f16');
    await expect.poll(fetches).toBe(2);
    await page.locator('.place.here').waitFor();
    await drop([{ name: 'a.png', bytes: await grey(1) }]);
    await ready();
    const { frames, model } = await json();
    expect(model.precision).toBe('f16');
    for (const point of NAMES) expect(Math.abs(frames[0].landmarks[point].x - full[point].x)).toBeLessThan(0.5);
  });

  test.each(['between two frames', 'in the middle of one'])('opens a GPU again that is lost %s', async (when) => {
    await open({
      script: () => {
        const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...args) {
          const device = await request.apply(this, args);
          Object.assign(globalThis, { lastDevice: device });
          return device;
        };
        const submit = GPUQueue.prototype.submit;
        GPUQueue.prototype.submit = function (...args) {
          const page = globalThis as unknown as { lastDevice: GPUDevice; doomed?: boolean };
          const result = submit.apply(this, args);
          if (page.doomed) page.lastDevice.destroy();
          page.doomed = false;
          return result;
        };
      },
    });
    await drop([{ name: 'a.png', bytes: await grey(1) }]);
    await ready();
    await page.evaluate((midway) => {
      const inPage = globalThis as unknown as { lastDevice: GPUDevice; doomed?: boolean };
      if (midway) inPage.doomed = true;
      else inPage.lastDevice.destroy();
    }, when === 'in the middle of one');
    await drop([{ name: 'b.png', bytes: await grey(2) }]);
    await button('Next').click();
    await ready();
    expect(await page.evaluate(() => (globalThis as unknown as { doomed?: boolean }).doomed ?? false)).toBe(false);
    const { frames } = await json();
    expect(frames.map(({ file }: { file: string }) => file)).toEqual(['a.png', 'b.png']);
    const { landmarks } = await server.predict(await grey(2));
    expect(Math.abs(frames[1].landmarks.ps2.x - landmarks.ps2.x)).toBeLessThan(0.05);
    expect(frames[1].prediction.computed).toBe('page');
    expect(await page.locator('.place').textContent()).toContain('Runs in this page');
  });

  test('says what is wrong with a file, and goes on', async () => {
    await open();
    const huge = Uint8Array.from(await grey(1));
    new DataView(huge.buffer).setUint32(16, 20_000);
    new DataView(huge.buffer).setUint32(20, 20_000);
    const many = imageElements(4, 4, 'MONOCHROME2', new Uint8Array(16), [[0x00280008, 'IS', '10000']]);
    const cases: [string, Uint8Array, string][] = [
      ['1 empty.png', new Uint8Array(0), 'the file is empty'],
      ['2 text.txt', Buffer.from('hello'), 'is not PNG, JPEG, DICOM or MetaImage'],
      ['3 huge.png', huge, '20000×20000 is 400 megapixels'],
      ['4 cut.png', (await grey(1)).subarray(0, 900), 'the PNG file ends early'],
      ['5 many.dcm', writeDicom({ elements: many }), 'the file has 10000 frames, but at most 5000 can be opened'],
      [
        '6 bomb.dcm',
        writeDicom({
          transferSyntax: '1.2.840.10008.1.2.1.99',
          elements: [[0x00091001, 'OB', new Uint8Array(40_000_000)]],
        }),
        'inflate to more than 16 MB',
      ],
    ];
    await drop([...cases.map(([name, bytes]) => ({ name, bytes })), { name: '7 whole.png', bytes: await grey(1) }]);
    for (const [position, [name, , words]] of cases.entries()) {
      await thumbnail(position).click();
      await expect.poll(() => page.locator('.problem p').textContent(), { timeout: 10_000 }).toContain(`${name}: `);
      expect(await page.locator('.problem p').textContent()).toContain(words);
    }
    await thumbnail(cases.length).click();
    await ready();
    expect(await page.locator('.problem').count()).toBe(0);
  });

  test('shows what the network saw, pads where that is chosen, and draws the angle over the frames of a loop', async () => {
    await open();
    const size = 32;
    const shades = Uint8Array.from({ length: 4 * size * size }, (_, i) => (i * 7919) >> 5);
    const elements = imageElements(size, size, 'MONOCHROME2', shades, [[0x00280008, 'IS', '4']]);
    await drop([
      { name: 'a.png', bytes: await grey(1) },
      { name: 'loop.dcm', bytes: writeDicom({ elements }) },
    ]);
    await ready();
    // The central square of 96×72, cut at whole pixels of the network, which has 32 for 72.
    expect(await page.locator('.unseen .border').getAttribute('d')).toBe('M11.25 0h72v72h-72Z');
    await button('Settings').click();
    await page.getByLabel('Frames that are not square').selectOption('pad');
    await expect.poll(() => page.locator('.unseen').count()).toBe(0);
    await page.keyboard.press('Escape');
    await thumbnail(1).click();
    await page.locator('.angle-chart').waitFor();
    await expect.poll(() => page.locator('.angle-chart figcaption').textContent()).not.toContain('of 4 frames');
    await page.locator('.plot svg').click({ position: { x: 2, y: 20 } });
    expect(await page.locator('.frame-slider output').textContent()).toContain('frame 1 of 4');
    const { frames } = await json();
    expect(
      frames.map(({ file, frame, fit }: { file: string; frame: number | null; fit: string }) => [file, frame, fit]),
    ).toEqual([['a.png', null, 'pad'], ...[1, 2, 3, 4].map((frame) => ['loop.dcm', frame, 'pad'])]);
  });

  test('takes a pasted picture', async () => {
    await open();
    const text = Buffer.from(await grey(1)).toString('base64');
    await page.evaluate((encoded) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], 'image.png', { type: 'image/png' }));
      document.body.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }),
      );
    }, text);
    await ready();
    expect(await page.locator('.file').textContent()).toContain('image.png');
  });

  test('has no accessibility fault that axe knows of, empty, at work and with help open', async () => {
    await open();
    const faults = async () => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        }),
      );
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 90)).join(' ')}`);
    };
    expect(await faults()).toEqual([]);
    await drop([
      { name: 'a.png', bytes: await grey(1) },
      { name: 'b.png', bytes: await grey(2) },
    ]);
    await ready();
    expect(await faults()).toEqual([]);
    await button('Help').click();
    expect(await faults()).toEqual([]);
  });
});
