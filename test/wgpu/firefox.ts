import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';

/** Where a Firefox is found; `FIREFOX` names another. */
const PLACES = [
  process.env.FIREFOX,
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** The browser on this machine; undefined where there is none: tests then skip, by name. */
export const executable = PLACES.find((place) => place !== undefined && existsSync(place));

/**
 * A Firefox without a window that has WebGPU by wgpu, on whatever adapter there is, and a home of its own. Driven over
 * WebDriver BiDi.
 */
export async function launch(): Promise<{ browser: Browser; close(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'sonde-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: executable,
    headless: true,
    extraPrefsFirefox: {
      // WebGPU is switched on by default on some systems only, and refused on software adapters.
      'dom.webgpu.enabled': true,
      'gfx.webgpu.ignore-blocklist': true,
      // So that the example does not train by itself and leaves the device to the test.
      'ui.prefersReducedMotion': 1,
    },
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    // A software adapter compiles kernels for minutes.
    protocolTimeout: 0,
  });
  return {
    browser,
    async close() {
      await browser.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
