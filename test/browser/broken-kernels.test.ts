import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeGreyPng } from '../../src/train/index.js';
import { executable, launch } from './chromium.js';
import { wearPersona } from './persona.js';
import { type ServedRun, serveSmallRun } from './served-run.js';
import { dropFiles } from './tool-page.js';

/** What the scripts below leave in the page, for the test to use later. */
interface Inside {
  device?: GPUDevice;
  /** Lets everything come back that a script holds up. */
  release?(): void;
  broken?: boolean;
}

/** Breaks what the GPU is asked for, each in its own way. Every one runs inside the page. */
const BREAKS = {
  'a kernel that the driver rejects': () => {
    const create = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      const code = descriptor.label === 'conv2d' ? `${descriptor.code}\nfn broken( {` : descriptor.code;
      return create.call(this, { ...descriptor, code });
    };
  },
  'a kernel that the driver never finishes': () => {
    const create = GPUDevice.prototype.createComputePipelineAsync;
    let asked = 0;
    GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
      asked += 1;
      return asked === 6 ? new Promise(() => {}) : create.call(this, descriptor);
    };
  },
  'a GPU that is lost while kernels are compiled': () => {
    const create = GPUDevice.prototype.createComputePipelineAsync;
    let asked = 0;
    GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
      asked += 1;
      const pipeline = create.call(this, descriptor);
      if (asked === 6) this.destroy();
      return pipeline;
    };
  },
  'a GPU that is lost at the first frame': () => {
    const submit = GPUQueue.prototype.submit;
    const request = GPUAdapter.prototype.requestDevice;
    let device: GPUDevice;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      device = await request.apply(this, args);
      return device;
    };
    GPUQueue.prototype.submit = function (...args) {
      const result = submit.apply(this, args);
      device.destroy();
      return result;
    };
  },
  'something that throws while the GPU is got ready': () => {
    GPUDevice.prototype.createBindGroup = () => {
      throw new TypeError('Cannot read properties of undefined');
    };
  },
  'a browser that never answers whether there is a GPU': () => {
    GPU.prototype.requestAdapter = () => new Promise(() => {});
  },
};

const REASONS: Record<keyof typeof BREAKS, RegExp> = {
  'a kernel that the driver rejects': /conv2d: the driver rejected the kernel: .*expected/,
  'a kernel that the driver never finishes': /made no progress for 60 s, with \d+ of \d+ kernels ready/,
  'a GPU that is lost while kernels are compiled': /device was lost/,
  'a GPU that is lost at the first frame': /device was lost/,
  'something that throws while the GPU is got ready': /Cannot read properties/,
  'a browser that never answers whether there is a GPU': /did not respond to a request for a GPU within 60 s/,
};

/** What the page says while it waits for something that never comes. */
const STUCK: Record<string, RegExp | undefined> = {
  'a kernel that the driver never finishes': /^Preparing the GPU, [1-9]\d* of \d+ kernels$/,
  'a browser that never answers whether there is a GPU': /^Looking for a GPU/,
};

describe.skipIf(!executable)('a page whose GPU fails', () => {
  let server: ServedRun;
  let browser: Browser;
  beforeAll(async () => {
    server = await serveSmallRun();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  interface Options {
    readonly script?: () => void;
    /** Changes the page's own scripts. */
    readonly rewrite?: (code: string) => string;
  }

  /** Opens the page as on an M1, whose kernels are those of any real GPU; its clock can be moved. */
  async function open({ script, rewrite }: Options): Promise<Page> {
    const context = await browser.newContext();
    await wearPersona(context, 'm1');
    if (script) await context.addInitScript(script);
    if (rewrite) {
      await context.route('**/*.js', async (route) => {
        const response = await route.fetch();
        const code = await response.text();
        const changed = rewrite(code);
        await route.fulfill({ response, body: changed });
      });
    }
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(server.url);
    return page;
  }
  const place = (page: Page) => page.locator('.place').textContent();

  /** What the page says once the model runs somewhere, or does not. */
  async function settled(page: Page): Promise<string> {
    await page.locator('.place.here, .place.there, .place.failed').waitFor({ timeout: 100_000 });
    return (await place(page)) ?? '';
  }

  /** Lets more time pass than anybody waits, once the page has said something that it would say for ever. */
  async function waitOut(page: Page, said: RegExp): Promise<void> {
    await expect.poll(() => place(page)).toMatch(said);
    await page.clock.fastForward(61_000);
  }

  /** A frame that is dropped has an angle, and the server has found it. */
  async function expectServed(page: Page): Promise<void> {
    const pixels = Uint8Array.from({ length: 64 * 48 }, (_, i) => (i * 7919) % 251);
    const bytes = await encodeGreyPng({ width: 64, height: 48, pixels });
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().includes('/v1/predict')),
      dropFiles(page, [{ name: 'a.png', bytes }]),
    ]);
    expect(answer.status()).toBe(200);
    await page.locator('.figure').waitFor();
    expect(await page.locator('.problem').count()).toBe(0);
  }

  test.each(Object.entries(BREAKS))('has the server do it, and says why: %s', async (kind, script) => {
    const page = await open({ script });
    const stuck = STUCK[kind];
    if (stuck) await waitOut(page, stuck);
    const sentence = await settled(page);
    expect(sentence).toMatch(
      /^Runs on the server .* because the GPU of this device cannot run the model \(.+\)\. Frames are sent to it\.$/,
    );
    expect(sentence).toMatch(REASONS[kind as keyof typeof BREAKS]);
    await expectServed(page);
    // Nothing that was still under way changes what has been said.
    await page.clock.fastForward(600_000);
    expect(await place(page)).toBe(sentence);
    await page.context().close();
  });

  test('has the server do it, and says why: a kernel whose template is broken', async () => {
    let broken = 0;
    const page = await open({
      rewrite: (code) =>
        code.replace(/\/\/#end if /g, () => {
          broken += 1;
          return '//#end if NOT_';
        }),
    });
    expect(await settled(page)).toMatch(
      /^Runs on the server .* cannot run the model \(.+wgsl:\d+: ".+" is found where \/\/#end if /,
    );
    expect(broken).toBeGreaterThan(0);
    await expectServed(page);
    await page.context().close();
  });

  test('does not let kernels that are ready too late overwrite what it has said', async () => {
    const page = await open({
      script: () => {
        const inside = globalThis as unknown as Inside;
        const create = GPUDevice.prototype.createComputePipelineAsync;
        const released = new Promise<void>((resolve) => {
          inside.release = resolve;
        });
        GPUDevice.prototype.createComputePipelineAsync = async function (descriptor) {
          if (descriptor.label === 'conv2d') throw new Error('no such luck');
          const pipeline = await create.call(this, descriptor);
          await released;
          return pipeline;
        };
      },
    });
    const sentence = await settled(page);
    expect(sentence).toMatch(/^Runs on the server .*no such luck/);
    await page.evaluate(() => (globalThis as unknown as Inside).release?.());
    await page.clock.runFor(1000);
    expect(await place(page)).toBe(sentence);
    await page.context().close();
  });

  test('has the server go on where it fails in the middle of the work', async () => {
    const page = await open({
      script: () => {
        const submit = GPUQueue.prototype.submit;
        GPUQueue.prototype.submit = function (...args) {
          if ((globalThis as unknown as Inside).broken) throw new TypeError('out of order');
          return submit.apply(this, args);
        };
      },
    });
    expect(await settled(page)).toMatch(/^Runs in this page/);
    await page.evaluate(() => {
      (globalThis as unknown as Inside).broken = true;
    });
    await expectServed(page);
    expect(await place(page)).toMatch(/^Runs on the server .*\(out of order\)/);
    await page.context().close();
  });

  test('says so where the page was asked for, and lets the server be chosen', async () => {
    const page = await open({ script: BREAKS['a kernel that the driver never finishes'] });
    await expect.poll(() => place(page)).toMatch(/^Preparing the GPU/);
    // What is stuck holds up nothing that is chosen meanwhile.
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByLabel('Runs').selectOption('page');
    expect(await settled(page)).toMatch(/^Runs in this page/);
    await page.evaluate(() => {
      GPUDevice.prototype.createComputePipelineAsync = () => Promise.reject(new Error('no such luck'));
    });
    await page.getByLabel('Weights').selectOption('f16');
    expect(await settled(page)).toMatch(
      /^The model cannot run in this page: .*no such luck.*Choose the server in Settings/,
    );
    await page.getByLabel('Runs').selectOption('server');
    expect(await settled(page)).toMatch(/^Runs on the server [^,]*\. Frames are sent to it\.$/);
    await expectServed(page);
    await page.context().close();
  });
});
