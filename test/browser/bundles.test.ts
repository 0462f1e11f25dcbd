import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveLiveTraining } from '../../scripts/example.mjs';
import { type PersonaName, personas } from '../../src/engine/persona.js';
import * as engineInNode from '../../src/index.js';
import * as modelInNode from '../../src/model/index.js';
import { openAs } from '../support/device.js';
import { compute } from './bundle-work.js';
import { executable, launch } from './chromium.js';
import { keepKernels, wearPersona } from './persona.js';

interface Inside {
  readonly results: Promise<number[]>;
  readonly kernels: ReadonlySet<string>;
}

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

  test.each<PersonaName | undefined>([undefined, ...(Object.keys(personas) as PersonaName[])])(
    'of engine and model work together in a page, with the kernels of Node and its results: persona %s',
    async (persona) => {
      const context = await browser.newContext();
      if (persona) await wearPersona(context, persona);
      await context.addInitScript(keepKernels);
      const page = await context.newPage();
      // Any address beside the bundles, without a page of its own that would use the GPU.
      await page.goto(new URL('points.js', server.url).href);
      await page.addScriptTag({
        type: 'module',
        content: `
          import * as engine from '../../dist/browser/engine.js';
          import * as model from '../../dist/browser/model.js';
          globalThis.results = engine.openDevice().then((device) => (${compute})(device, engine, model));`,
      });
      // The script is there before what it imports.
      await page.waitForFunction(() => 'results' in globalThis);
      const inPage = await page.evaluate(() => (globalThis as unknown as Inside).results);
      const kernels = await page.evaluate(() => [...(globalThis as unknown as Inside).kernels]);
      await context.close();

      const device = await openAs(persona, { tuning: 'none' });
      const own = new Set<string>();
      const { gpu } = device;
      const create = gpu.createShaderModule.bind(gpu);
      gpu.createShaderModule = (descriptor) => {
        own.add(descriptor.code);
        return create(descriptor);
      };
      const inNode = await compute(device, engineInNode, modelInNode);
      expect(inPage).toHaveLength(13);
      const [coordinates, gradient] = [inNode.slice(0, 12), inNode[12]];
      for (const [i, value] of coordinates.entries()) expect(Math.abs(inPage[i] - value)).toBeLessThan(1e-3);
      expect(inPage[12] / gradient).toBeCloseTo(1, 2);
      // Drivers on CPU cores differ in the size of their subgroups, and f16 is not everywhere; a persona hides the
      // former.
      if (persona) expect(kernels.sort()).toEqual([...own].sort());
      expect(kernels.some((text) => /var<workgroup>/.test(text))).toBe(persona !== undefined);
    },
  );
});
