import axe from 'axe-core';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveLiveTraining } from '../../scripts/example.mjs';
import type { PersonaName } from '../../src/engine/persona.js';
import { executable, launch } from './chromium.js';
import { wearPersona } from './persona.js';

describe.skipIf(!executable)('the example that trains in the page', () => {
  let example: { url: string; close(): Promise<void> };
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    example = await serveLiveTraining(0);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await example?.close();
  });

  interface OpenOptions {
    readonly persona?: PersonaName;
    readonly script?: () => void;
    readonly still?: boolean;
  }

  async function open({ persona, script, still = true }: OpenOptions = {}): Promise<void> {
    const reducedMotion = still ? 'reduce' : 'no-preference';
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion });
    if (persona) await wearPersona(context, persona);
    if (script) await context.addInitScript(script);
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(example.url);
  }
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const figure = async (id: string) =>
    Number.parseFloat(((await page.locator(`#${id}`).textContent()) ?? '').replace(',', ''));

  /** How many pixels of the surface have more of the first class's blue than red, of all. */
  const blueShare = () =>
    page.locator('#surface').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      let blue = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 2] > data[i] + 60) blue += 1;
      return (4 * blue) / data.length;
    });

  test('learns while it is watched: the loss falls, the surface takes both colours', { timeout: 240_000 }, async () => {
    await open({ still: false });
    // Spirals are left to people: moons take a tenth of the steps.
    await page.locator('#shape').selectOption('moons');
    await expect.poll(() => figure('loss'), { timeout: 200_000 }).toBeLessThan(0.05);
    await button('Pause').click();
    expect(await figure('accuracy')).toBeGreaterThan(97);
    expect(await blueShare()).toBeGreaterThan(0.2);
    expect(await blueShare()).toBeLessThan(0.8);
    expect(await page.locator('#time').textContent()).toMatch(/^[\d.e+]+ ms$/);
    expect(await page.locator('#adapter').textContent()).toMatch(/^Runs on .*swiftshader, a software adapter/i);
    await expect
      .poll(() => page.locator('#curve').getAttribute('aria-label'))
      .toMatch(/^Loss by step: After \d+ steps the loss is 0\.0\d+, 9[89]\.\d % of the points|100\.0 %/);
    const paused = await figure('steps');
    await page.waitForTimeout(500);
    expect(await figure('steps')).toBe(paused);
    expect(complaints).toEqual([]);
  });

  test('waits where less motion is wanted, goes one step at a time, and starts over', async () => {
    await open();
    await expect.poll(() => button('Train').isEnabled()).toBe(true);
    expect(await page.locator('#steps').textContent()).toBe('0');
    for (const steps of [1, 2, 3]) {
      await page.keyboard.press('Tab');
      await button('One step').focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => figure('steps')).toBe(steps);
    }
    const third = await page.locator('#loss').textContent();
    await button('Start over').click();
    await expect.poll(() => figure('steps')).toBe(0);
    for (let i = 0; i < 3; i++) await button('One step').click();
    await expect.poll(() => figure('steps')).toBe(3);
    // The same points, the same weights, the same bits.
    expect(await page.locator('#loss').textContent()).toBe(third);
    expect(complaints).toEqual([]);
  });

  test.each<PersonaName>(['m1', 'no-subgroups'])('takes the same steps as persona %s', async (persona) => {
    const losses: number[] = [];
    for (const worn of [undefined, persona]) {
      await open({ persona: worn });
      await page.locator('#shape').selectOption('moons');
      for (const steps of [1, 2, 3]) {
        await button('One step').click();
        await expect.poll(() => figure('steps')).toBe(steps);
      }
      losses.push(await figure('loss'));
      expect(complaints).toEqual([]);
      await page.context().close();
    }
    // Three digits are shown.
    expect(Math.abs(losses[1] / losses[0] - 1)).toBeLessThan(0.02);
  });

  test('says what is wrong where a kernel is broken', async () => {
    await open({
      script: () => {
        const create = GPUDevice.prototype.createShaderModule;
        GPUDevice.prototype.createShaderModule = function (descriptor) {
          return create.call(this, { ...descriptor, code: `${descriptor.code}\nfn broken( {` });
        };
      },
    });
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/the driver rejected the kernel/);
    for (const name of ['Train', 'One step']) expect(await button(name).isDisabled()).toBe(true);
  });

  test('says what is missing where there is no WebGPU', async () => {
    await open({ script: () => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }) });
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/no WebGPU; use a browser with WebGPU/);
    for (const name of ['Train', 'One step', 'Start over']) expect(await button(name).isDisabled()).toBe(true);
  });

  test('opens a lost GPU again', async () => {
    await open({
      script: () => {
        const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...args) {
          const device = await request.apply(this, args);
          Object.assign(globalThis, { lastDevice: device });
          return device;
        };
      },
    });
    await button('One step').click();
    await expect.poll(() => figure('steps')).toBe(1);
    await page.evaluate(() => (globalThis as unknown as { lastDevice: GPUDevice }).lastDevice.destroy());
    await button('One step').click();
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/device was lost/);
    await button('Start over').click();
    await expect.poll(() => figure('steps')).toBe(0);
    await button('One step').click();
    await expect.poll(() => figure('steps')).toBe(1);
    expect(await page.getByRole('alert').isVisible()).toBe(false);
  });

  test.each(['light', 'dark'] as const)('has no accessibility fault that axe knows of, %s', async (colorScheme) => {
    await open();
    await page.emulateMedia({ colorScheme });
    await button('One step').click();
    await expect.poll(() => figure('steps')).toBe(1);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      }),
    );
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 90)).join(' ')}`)).toEqual(
      [],
    );
  });
});
