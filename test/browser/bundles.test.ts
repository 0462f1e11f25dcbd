import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveLiveTraining } from '../../scripts/example.mjs';
import * as engineInNode from '../../src/index.js';
import * as modelInNode from '../../src/model/index.js';
import { compute } from './bundle-work.js';
import { executable, launch } from './chromium.js';

describe.skipIf(!executable)('the browser bundles', () => {
  let server: { url: string; close(): Promise<void> };
  let browser: Browser;
  beforeAll(async () => {
    server = await serveLiveTraining(0);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test('of engine and model work together in a page, and compute what Node does', async () => {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.addScriptTag({
      type: 'module',
      content: `
        import * as engine from '../../dist/browser/engine.js';
        import * as model from '../../dist/browser/model.js';
        globalThis.results = (${compute})(engine, model);`,
    });
    // The script is there before what it imports.
    await page.waitForFunction(() => 'results' in globalThis);
    const inPage = await page.evaluate(() => (globalThis as unknown as { results: Promise<number[]> }).results);
    const inNode = await compute(engineInNode, modelInNode);
    expect(inPage).toHaveLength(13);
    const [coordinates, gradient] = [inNode.slice(0, 12), inNode[12]];
    for (const [i, value] of coordinates.entries()) expect(Math.abs(inPage[i] - value)).toBeLessThan(1e-3);
    expect(inPage[12] / gradient).toBeCloseTo(1, 2);
  });
});
