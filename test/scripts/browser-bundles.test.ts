import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUDGETS, buildBrowserBundles } from '../../scripts/browser-bundles.mjs';
import * as engine from '../../src/index.js';
import * as model from '../../src/model/index.js';

let folder: string;
let sizes: Awaited<ReturnType<typeof buildBrowserBundles>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-bundles-'));
  sizes = await buildBrowserBundles(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** Every node of a syntax tree. */
function* nodesOf(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node) yield node as Record<string, unknown>;
  for (const inner of Object.values(node)) yield* nodesOf(inner);
}

/** What a module imports, statically or not, and re-exports. */
const importsOf = (code: string) =>
  [...nodesOf(parseAst(code))]
    .filter(({ type, source }) => /^(Import|Export)/.test(String(type)) && source)
    .map(({ source }) => (source as { value?: string }).value);

describe.each(['engine', 'model'] as const)('the browser bundle of sonde/%s', (entry) => {
  const size = () => sizes.find((one) => one.entry === entry) ?? expect.unreachable();

  test('imports nothing but its own files, and asks for nothing that only Node has', async () => {
    expect(size().files[0]).toBe(`${entry}.js`);
    for (const file of size().files) {
      const code = await readFile(join(folder, file), 'utf8');
      expect(importsOf(code).filter((path) => !size().files.some((own) => path === `./${own}`))).toEqual([]);
      const names = new Set(
        [...nodesOf(parseAst(code))].filter(({ type }) => type === 'Identifier').map(({ name }) => name),
      );
      for (const name of ['process', 'Buffer', 'require', 'setImmediate', '__dirname'])
        expect(names).not.toContain(name);
    }
  });

  test('exports what the module exports', async () => {
    const code = await readFile(join(folder, `${entry}.js`), 'utf8');
    const names = [...nodesOf(parseAst(code))]
      .filter(({ type }) => type === 'ExportSpecifier')
      .map(({ exported }) => (exported as { name: string }).name);
    expect(names.sort()).toEqual(Object.keys(entry === 'engine' ? engine : model).sort());
  });

  test('is no larger than it may be', () => {
    expect(size().gzip).toBeLessThanOrEqual(BUDGETS[entry]);
    // A budget that leaves room for half as much again says nothing.
    expect(size().gzip).toBeGreaterThan(BUDGETS[entry] / 1.5);
    expect(size().brotli).toBeLessThan(size().gzip);
    expect(size().bytes).toBeGreaterThan(2 * size().gzip);
  });
});
