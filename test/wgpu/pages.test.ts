// The bundles, the example that trains in the page and the web tool on wgpu, as it is in Deno and in Firefox, against
// Node on Dawn.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBrowserBundles } from '../../scripts/browser-bundles.mjs';
import { serveLiveTraining } from '../../scripts/example.mjs';
import * as engineInNode from '../../src/index.js';
import * as modelInNode from '../../src/model/index.js';
import { encodeGreyPng } from '../../src/train/index.js';
import { compute } from '../browser/bundle-work.js';
import { serveSmallRun } from '../browser/served-run.js';
import * as deno from './deno.js';
import { executable, launch } from './firefox.js';

/** Not at every picture that is painted, of which a page without a window may have none. */
const OFTEN = { polling: 100 };

/** The bundles at `folder`, in a module that leaves what they compute to `report`. */
const moduleOf = (folder: string, report: string) => `
  import * as engine from '${folder}/engine.js';
  import * as model from '${folder}/model.js';
  ${report}(engine.openDevice().then((device) => (${compute})(device, engine, model)));`;

async function expectAsInNode(results: readonly number[]): Promise<void> {
  const inNode = await compute(await engineInNode.openDevice(), engineInNode, modelInNode);
  expect(results).toHaveLength(13);
  for (const [i, value] of inNode.slice(0, 12).entries()) expect(Math.abs(results[i] - value)).toBeLessThan(1e-3);
  expect(results[12] / inNode[12]).toBeCloseTo(1, 2);
}

describe.skipIf(!deno.installed)('in Deno', () => {
  test('the bundles compute what Node does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sonde-deno-'));
    try {
      await buildBrowserBundles(join(folder, 'bundles'));
      const report = 'const print = async (results) => console.log(JSON.stringify(await results)); print';
      const path = join(folder, 'work.mjs');
      await writeFile(path, moduleOf(pathToFileURL(join(folder, 'bundles')).href, report));
      await expectAsInNode(JSON.parse(await deno.runOnDeno(path)));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe.skipIf(!executable)('in Firefox', () => {
  let firefox: Awaited<ReturnType<typeof launch>>;
  let complaints: string[] = [];
  beforeAll(async () => {
    firefox = await launch();
  });
  afterAll(() => firefox?.close());

  async function open(url: string): Promise<Page> {
    const page = await firefox.browser.newPage();
    page.setDefaultTimeout(0);
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }
  const textOf = (page: Page, selector: string) => page.$eval(selector, ({ textContent }) => textContent ?? '');

  describe('the bundles', () => {
    let example: Awaited<ReturnType<typeof serveLiveTraining>>;
    beforeAll(async () => {
      example = await serveLiveTraining(0);
    });
    afterAll(() => example?.close());

    test('compute what Node does', async () => {
      const page = await open(example.url);
      const content = moduleOf(
        '../../dist/browser',
        'globalThis.take = (results) => { globalThis.results = results; }; take',
      );
      await page.addScriptTag({ type: 'module', content });
      await page.waitForFunction('"results" in globalThis', OFTEN);
      await expectAsInNode((await page.evaluate('results')) as number[]);
      await page.close();
    });

    test('train in the example, whose loss falls', async () => {
      const page = await open(example.url);
      const step = 'button ::-p-text(One step)';
      await page.waitForSelector(`${step}:not([disabled])`);
      expect(await textOf(page, '#adapter')).toMatch(/^Runs on /);
      const losses: number[] = [];
      for (const steps of ['1', '2', '3', '4']) {
        await page.click(step);
        await page.waitForFunction((wanted) => document.querySelector('#steps')?.textContent === wanted, OFTEN, steps);
        losses.push(Number.parseFloat(await textOf(page, '#loss')));
      }
      expect(losses[3]).toBeLessThan(losses[0]);
      expect(complaints).toEqual([]);
      await page.close();
    });
  });

  test('the web tool predicts in the page what the server does', async () => {
    const server = await serveSmallRun();
    try {
      const page = await open(server.url);
      await page.waitForSelector('.place.here, .place.there, .place.failed');
      expect(await textOf(page, '.place')).toContain('Runs in this page');
      const [width, height] = [96, 72];
      const pictures = await Promise.all(
        [1, 2].map((seed) =>
          encodeGreyPng({
            width,
            height,
            pixels: Uint8Array.from({ length: width * height }, (_, i) => {
              const [x, y] = [i % width, Math.floor(i / width)];
              return 128 + 100 * Math.sin((x * (seed + 2)) / 17) * Math.cos((y * (seed + 1)) / 11);
            }),
          }),
        ),
      );
      await page.evaluate(
        (encoded) => {
          const transfer = new DataTransfer();
          for (const [i, text] of encoded.entries()) {
            transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], `${i}.png`));
          }
          const drop = new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
          document.body.dispatchEvent(drop);
          // What the page saves, for this test.
          const create = URL.createObjectURL;
          URL.createObjectURL = (blob) => {
            Object.assign(globalThis, { saved: (blob as Blob).text() });
            return create(blob);
          };
        },
        pictures.map((bytes) => Buffer.from(bytes).toString('base64')),
      );
      for (const position of pictures.keys()) {
        const thumbnail = `.thumbnail:nth-child(${position + 1}) > button:first-child`;
        await page.waitForSelector(thumbnail);
        await page.click(thumbnail);
        await page.waitForSelector(`${thumbnail}[aria-label$=", open"]`);
      }
      await page.click('button ::-p-text(JSON)');
      await page.waitForFunction('"saved" in globalThis', OFTEN);
      const { frames } = JSON.parse((await page.evaluate('saved')) as string);
      expect(frames).toHaveLength(pictures.length);
      for (const [i, bytes] of pictures.entries()) {
        expect(frames[i].prediction.computed).toBe('page');
        const { landmarks } = await server.predict(bytes);
        for (const point of ['ps1', 'ps2', 'fh1'] as const) {
          const { x, y } = frames[i].landmarks[point];
          expect(Math.hypot(x - landmarks[point].x, y - landmarks[point].y), `${i}.png, ${point}`).toBeLessThan(0.05);
        }
      }
      // The landmarks depend on what the frames show, or the comparison would say nothing.
      expect(Math.abs(frames[0].landmarks.ps2.x - frames[1].landmarks.ps2.x)).toBeGreaterThan(0.5);
      expect(complaints).toEqual([]);
    } finally {
      await server.stop();
    }
  });
});
