import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documents, faultsOf, withCurrentLines } from '../../scripts/maps.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('documents', () => {
  test('are found wherever they lie', () => {
    expect(documents(root)).toEqual(
      expect.arrayContaining([
        'ARCHITECTURE.md',
        'CONTRIBUTING.md',
        'README.md',
        'docs/method.md',
        'src/kernels/README.md',
      ]),
    );
  });

  test.each(documents(root))('%s: its links, paths and lines are right', (path) => {
    expect(faultsOf(root, path)).toEqual([]);
  });
});

test('the walk of conv2d opens at most 22 files', async () => {
  const [, walk] = (await readFile(join(root, 'ARCHITECTURE.md'), 'utf8')).split(/^## A walk: .*$/m);
  const files = new Set([...walk.matchAll(/\]\(([^)#]+)#L/g)].map(([, file]) => file));
  expect(files.size).toBeGreaterThan(10);
  expect(files.size).toBeLessThanOrEqual(22);
});

describe('a document', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sonde-maps-'));
    await mkdir(join(folder, 'src'));
    await writeFile(
      join(folder, 'src', 'a.ts'),
      'import { conv } from "./b.js";\n\nexport function conv(x) {\n  return x;\n}\n',
    );
    await writeFile(join(folder, 'other.md'), '# A heading, with `code`\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const faults = async (text: string) => {
    await writeFile(join(folder, 'map.md'), text);
    return faultsOf(folder, 'map.md');
  };

  test.each([
    ['`conv` [a.ts:3](src/a.ts#L3)', []],
    ['`conv` [a.ts:4](src/a.ts#L4)', ['map.md:1: src/a.ts:4 does not contain conv; run npm run maps.']],
    ['`con` [a.ts:3](src/a.ts#L3)', ['map.md:1: src/a.ts:3 does not contain con; run npm run maps.']],
    ['`conv` [a.ts:3](src/a.ts#L4)', ['map.md:1: the reference to src/a.ts shows line 3 and links to 4.']],
    ['[a.ts:3](src/a.ts#L3)', ['map.md:1: the reference to src/a.ts:3 has no name in code font before it.']],
    ['`conv` [b.ts:3](src/b.ts#L3)', ['map.md:1: there is no src/b.ts.']],
    ['in `src/b.ts`', ['map.md:1: there is no src/b.ts.']],
    ['in `src/b.ts/…`, `src/*.ts` and https://example.com/src/b.ts', []],
    ['[there](other.md#a-heading-with-code)', []],
    ['[there](other.md#a-heading)', ['map.md:1: other.md has no heading #a-heading.']],
    ['```\n[b](src/b.ts)\n```', []],
  ])('%j', async (text, expected) => {
    expect(await faults(text)).toEqual(expected);
  });

  test('follows a name to the one file that declares it now', async () => {
    await faults('`conv` [old/b.ts:7](old/b.ts#L7), `x` [old/b.ts:7](old/b.ts#L7)');
    expect(withCurrentLines(folder, 'map.md')).toBe('`conv` [src/a.ts:3](src/a.ts#L3), `x` [old/b.ts:7](old/b.ts#L7)');
  });

  test('gets the lines where names are declared, where they have moved', async () => {
    await faults('`conv` [a.ts:5](src/a.ts#L5) and `x` [a.ts:9](src/a.ts#L9), `y` [a.ts:9](src/a.ts#L9)');
    expect(withCurrentLines(folder, 'map.md')).toBe(
      '`conv` [a.ts:3](src/a.ts#L3) and `x` [a.ts:4](src/a.ts#L4), `y` [a.ts:9](src/a.ts#L9)',
    );
  });
});
