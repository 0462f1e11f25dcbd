import { createReadStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright';
import { expect } from 'vitest';
import type { PersonaName } from '../../src/engine/persona.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, mapLandmarks } from '../../src/model/index.js';
import { buildPredictor, buildTrainedModel, decodeFrame, encodeGreyPng, fitFrame } from '../../src/train/index.js';
import { launch } from '../browser/chromium.js';
import { wearPersona } from '../browser/persona.js';
import { sharedDevice } from '../support/device.js';
import { smallRun } from '../tool/server/small-run.js';
import { phantomFrames } from '../train/loop/phantom-frames.js';

/** Extent of the frames: not square, so that fitting them matters. */
const WIDTH = 160;
const HEIGHT = 120;

/**
 * Opens the built page of the Vite example, without weights, with weights, as other GPUs, with a broken kernel and
 * without WebGPU, and looks at what it says.
 */
export async function comparePage(example: string): Promise<void> {
  const server = await serve(join(example, 'dist'));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const browser = await launch();
  try {
    const open = async ({ script, persona }: { script?: () => void; persona?: PersonaName } = {}): Promise<Page> => {
      const page = await browser.newPage({ viewport: { width: 900, height: 1000 } });
      if (persona) await wearPersona(page.context(), persona);
      if (script) await page.addInitScript(script);
      await page.goto(url);
      await page.locator('#status.ready, #status.failed').waitFor({ timeout: 120_000 });
      return page;
    };
    const early = await open();
    expect(await statusOf(early)).toContain('Put a trained model there');
    expect(await early.locator('#file').isDisabled()).toBe(true);

    const { config, weights } = await smallRun();
    await mkdir(join(example, 'dist/model'), { recursive: true });
    await writeFile(join(example, 'dist/model/config.json'), JSON.stringify(config));
    await writeFile(join(example, 'dist/model/model.safetensors'), weights);

    const complaints: string[] = [];
    const page = await open();
    page.on('pageerror', (error) => complaints.push(error.message));
    const found = await findAll(page);
    // The landmarks depend on what the frames show, or the comparison would say nothing.
    expect(Math.hypot(found[0].ps2.x - found[1].ps2.x, found[0].ps2.y - found[1].ps2.y)).toBeGreaterThan(0.5);

    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([]);
    const pictures = process.env.SONDE_TEST_PICTURES;
    if (pictures) {
      await page.screenshot({ path: join(pictures, 'landmarks-in-the-page.png'), fullPage: true });
    }

    await page.locator('#file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('text') });
    await expect.poll(() => statusOf(page)).toMatch(/^a\.png is no picture/);
    expect(complaints).toEqual([]);

    for (const persona of ['m1', 'no-subgroups'] as const) await findAll(await open({ persona }));

    const broken = await open({
      script: () => {
        const create = GPUDevice.prototype.createShaderModule;
        GPUDevice.prototype.createShaderModule = function (descriptor) {
          return create.call(this, { ...descriptor, code: `${descriptor.code}\nfn broken( {` });
        };
      },
    });
    expect(await statusOf(broken)).toContain('the driver rejected the kernel');
    expect(await broken.locator('#file').isDisabled()).toBe(true);

    const without = await open({
      script: () => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }),
    });
    expect(await statusOf(without)).toContain('This browser has no WebGPU');
    expect(await without.locator('#file').isDisabled()).toBe(true);
  } finally {
    await browser.close();
    server.close();
  }
}

const statusOf = (page: Page) => page.locator('#status').textContent();

/** Gives the page frames, and compares what it finds in them with what Node does. */
async function findAll(page: Page): Promise<Landmarks[]> {
  expect(await statusOf(page)).toMatch(/^Ready, on /);
  const found: Landmarks[] = [];
  for (const { name, bytes } of await frames()) {
    await page.locator('#file').setInputFiles({ name, mimeType: 'image/png', buffer: Buffer.from(bytes) });
    await expect.poll(() => statusOf(page), { timeout: 60_000 }).toMatch(new RegExp(`^${name}: \\d+ ms on `));
    const expected = await inNode(bytes);
    const values = await page.locator('#points dd').allTextContents();
    expect(values).toHaveLength(3);
    for (const [i, landmark] of LANDMARK_NAMES.entries()) {
      const [x, y] = values[i].split(', ').map(Number);
      const apart = Math.hypot(x - expected[landmark].x, y - expected[landmark].y);
      expect(apart, `${name}, ${landmark}`).toBeLessThan(0.05);
    }
    const text = (await page.locator('#angle').textContent()) ?? '';
    const angle = Number.parseFloat(/([\d.]+)°/.exec(text)?.[1] ?? '');
    if (text.startsWith('No angle')) expect(await page.locator('#remarks').textContent()).toContain('px apart');
    else expect(angle).toBeCloseTo(angleOfProgression(expected) ?? 0, 0);
    expect(await page.locator('#marks circle').count()).toBe(3);
    // A small run that was trained for nothing and never calibrated: its answers say so.
    expect(await page.locator('#remarks').textContent()).toContain('is not calibrated');
    expect(await page.locator('#notice').textContent()).toContain('Not a medical device');
    expect(await page.locator('#marks .seen').getAttribute('width')).toBe(String(HEIGHT));
    found.push(expected);
  }
  return found;
}

/** Two phantoms, as picture files. */
function frames(): Promise<{ name: string; bytes: Uint8Array }[]> {
  return Promise.all(
    phantomFrames(2, WIDTH).map(async ({ pixels }, i) => {
      const grey = Uint8Array.from(pixels.subarray(0, WIDTH * HEIGHT), (value) => Math.round(255 * value));
      return { name: `frame-${i}.png`, bytes: await encodeGreyPng({ width: WIDTH, height: HEIGHT, pixels: grey }) };
    }),
  );
}

/** What the same weights make of a picture in Node, by way of the training code. */
async function inNode(bytes: Uint8Array): Promise<Landmarks> {
  const device = await sharedDevice();
  const { config, weights } = await smallRun();
  const { model } = buildTrainedModel(device, config, weights);
  const predictor = buildPredictor(device, config, model, { batchSize: 1 });
  const { pixels, transform } = fitFrame(await decodeFrame(bytes, 'frame.png'), config.model.inputSize);
  const [{ landmarks }] = await predictor.predict([pixels]);
  predictor.dispose();
  model.dispose();
  return mapLandmarks(landmarks, (point) => transform.toFrame(point));
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** A folder as any static server hands it out. */
async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return server;
}
