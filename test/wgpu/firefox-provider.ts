import { defineBrowserProvider } from '@vitest/browser';
import type { Page } from 'puppeteer-core';
import type { BrowserProviderOption } from 'vitest/node';
import { launch } from './firefox.js';

/** Lets Vitest run test files in a stock Firefox, for which none of its own providers is made. */
export function firefox(): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'firefox',
    providerFactory: () => {
      const pages = new Map<string, Page>();
      let running: ReturnType<typeof launch> | undefined;
      return {
        name: 'firefox',
        supportsParallelism: false,
        getCommandsContext: (session) => ({ page: pages.get(session) }),
        async openPage(session, url) {
          running ??= launch();
          const page = await (await running).browser.newPage();
          pages.set(session, page);
          await page.goto(url, { timeout: 0 });
        },
        async close() {
          await (await running)?.close();
        },
      };
    },
  });
}
