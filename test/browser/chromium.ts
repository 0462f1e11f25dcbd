import { existsSync } from 'node:fs';
import { type Browser, chromium, type LaunchOptions } from 'playwright';

/** Where a Chromium or Chrome is found; `CHROMIUM` names another. */
const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser on this machine; undefined where there is none: tests then skip, by name. */
export const executable = PLACES.find((place) => place !== undefined && existsSync(place));

/** For a browser without a window, with WebGPU on its own software adapter. */
export const launchOptions: LaunchOptions = {
  executablePath: executable,
  args: ['--no-sandbox', '--disable-gpu', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
};

export function launch(): Promise<Browser> {
  return chromium.launch(launchOptions);
}
