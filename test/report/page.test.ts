import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'parse5';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeReport, type Report, writeReport } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { documentOf, words } from './page-content.js';
import { HOSTILE_NAME, writeRun } from './run-fixture.js';

let parent: string;
const at = (...path: string[]) => join(parent, ...path);

let report: Report;
let page: Document;
beforeAll(async () => {
  parent = await temporaryFolder();
  await writeRun(at('first'), { error: 6 });
  await writeRun(at('second'), { error: 9, settings: { loss: { sigma: 1.5 }, training: { seed: 7 } }, epochs: 3 });
  report = await makeReport([at('first'), at('second')]);
  page = documentOf(report);
});

describe('the page', () => {
  it('parses as HTML without an error', () => {
    const errors: string[] = [];
    parse(report.html, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) });
    expect(errors).toEqual([]);
  });

  it('loads nothing from anywhere and runs nothing', () => {
    expect(page.querySelectorAll('script, link, iframe, object, embed, base').length).toBe(0);
    for (const element of page.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/i);
        if (/^(src|srcset|href|xlink:href|poster|data|action)$/i.test(name)) expect(value).toMatch(/^(#|data:)/);
      }
    }
    const styles = [...page.querySelectorAll('style')].map(({ textContent }) => textContent).join('');
    expect(styles.match(/url\(\s*["']?(?!data:)/g)).toBeNull();
    expect(styles).not.toContain('@import');
    expect(report.html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\//);
  });

  it('shows a hostile file name as it is, and nothing of it takes effect', () => {
    expect(page.querySelectorAll('img[src=x], script').length).toBe(0);
    expect(words(page.querySelector('title'))).toBe('Report on 2 runs');
    const shown = HOSTILE_NAME.replace('\u0007', '\ufffd');
    expect(page.querySelector('#frames ~ .kind bdi')?.textContent).toBe(shown);
    expect(page.querySelector('#frames ~ .kind img')?.getAttribute('alt')).toContain(shown);
    expect(report.html).not.toContain('\u0007');
  });

  it('escapes the names of folders, also in plots and in what is missing', async () => {
    const name = '<b onclick="x()">&amp;';
    await cp(at('first'), at(name), { recursive: true });
    await rm(at(name, 'environment.json'));
    await writeFile(at(name, 'training-set.json'), '{');
    const hostile = documentOf(await makeReport([at(name)]));
    expect(words(hostile.querySelector('h1'))).toBe(`Report on run ${name}`);
    expect(words(hostile.querySelector('title'))).toBe(`Report on run ${name}`);
    expect(words(hostile.querySelector('.notes li'))).toContain(at(name, 'training-set.json'));
    expect(hostile.querySelectorAll('[onclick]').length).toBe(0);
  });

  it('is complete for those who cannot see: headers, captions, alternatives, language', () => {
    expect(page.documentElement.getAttribute('lang')).toBe('en-GB');
    for (const each of page.querySelectorAll('table')) {
      expect(words(page.getElementById(each.getAttribute('aria-labelledby') ?? ''))).toMatch(/^Table \d+\. /);
      for (const header of each.querySelectorAll('th')) expect(header.getAttribute('scope')).toMatch(/^(col|row)$/);
    }
    for (const picture of page.querySelectorAll('img')) expect(picture.getAttribute('alt')).toBeTruthy();
    for (const svg of page.querySelectorAll('svg.plot')) {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')).toMatch(/\.$/);
    }
    for (const figure of page.querySelectorAll('figure'))
      expect(words(figure.querySelector('figcaption'))).not.toBe('');
    expect(report.html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('is written to a file, and the same again as it was made', async () => {
    const written = await writeReport([at('first')], at('out', 'report.html'));
    expect(await readFile(at('out', 'report.html'), 'utf8')).toBe(written.html);
  });
});
