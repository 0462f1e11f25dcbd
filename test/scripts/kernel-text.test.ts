import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { kernelText } from '../../scripts/kernel-text.mjs';
import { expand, sections, textOf } from '../../src/engine/wgsl/template.js';

const folder = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.wgsl'));
const texts = files.map((path) => ({ path, full: readFileSync(join(folder, path), 'utf8') }));

/** What a driver sees in a text: neither comments nor how it is broken into lines. */
function tokens(text: string): string {
  return text
    .replace(/\/\/.*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Every name in any of the files: conditions have the same value in all of them, other names stand for themselves. */
const all = texts.map(({ full }) => full).join('');
const conditions = [...all.matchAll(/\/\/#if (\w+)/g)].map(([, name]) => name);
const sums = [...all.matchAll(/\{\{(\w+([+*]\w+)+)\}\}/g)].flatMap(([, sum]) => sum.split(/[+*]/));
const counts = [...all.matchAll(/\/\/#unroll \w+ (\w+)/g)].map(([, name]) => name);
const names = [...all.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
const parts = [...all.matchAll(/\{\{(\w+)\{\{/g)].flatMap(([, name]) => Array.from({ length: 17 }, (_, i) => name + i));

/** The text that a kernel makes, and its sections, with every condition that `holds`. */
function expanded(text: string, holds: (name: string) => boolean): string {
  const constants = Object.fromEntries<string | number | boolean>([
    ...[...names, ...parts].map((name) => [name, `<${name}>`] as const),
    ...[...counts, ...sums].filter((name) => !/^\d/.test(name)).map((name) => [name, 2] as const),
    ...conditions.map((name) => [name, holds(name)] as const),
  ]);
  const bare = text.replace(/^\s*\/\/#section (\w+)\n[\s\S]*?\/\/#end section \1$/gm, '');
  return [textOf(expand(bare, constants)), ...Object.values(sections(text, constants))].join('\n');
}

/** All conditions, none, and each alone, true or false. */
function assignments(text: string): ((name: string) => boolean)[] {
  const own = [...text.matchAll(/\/\/#if (\w+)/g)].map(([, name]) => name);
  return [
    () => true,
    () => false,
    ...[...new Set(own)].flatMap((one) => [(name: string) => name === one, (name: string) => name !== one]),
  ];
}

test('there are kernels to look at', () => {
  expect(files.length).toBeGreaterThan(50);
});

test.each(texts)('$path without comments makes the kernels that it makes with them', ({ path, full }) => {
  const brief = kernelText(full, path);
  expect(brief).not.toMatch(/\/\/(?!#)/);
  expect(brief.endsWith('\n')).toBe(true);
  // Nor would concatenation change the file as it is written.
  expect(full.endsWith('\n'), 'the last line is ended').toBe(true);
  for (const holds of assignments(full)) expect(tokens(expanded(brief, holds))).toBe(tokens(expanded(full, holds)));
});

test.each<[string, (i: number) => number]>([
  ['in order', (i) => i],
  ['the other way round', (i) => files.length - 1 - i],
  ['in strides of seven', (i) => (7 * i) % files.length],
])('files one behind the other, %s, make what each makes by itself', (_, place) => {
  // Sections are found by name, in a text of their own.
  const ordered = texts.map((_, i) => texts[place(i)]).filter(({ full }) => !full.includes('//#section'));
  for (const holds of [() => true, () => false]) {
    const joined = expanded(ordered.map(({ path, full }) => kernelText(full, path)).join(''), holds);
    const own = ordered.map(({ full }) => tokens(expanded(full, holds))).filter(Boolean);
    expect(tokens(joined)).toBe(own.join(' '));
  }
});

test('a file that ends in a directive or a comment, and lacks its newline, swallows nothing', () => {
  for (const end of ['//#end if X', 'b // comment', '}']) {
    const first = kernelText(
      `  //#if X\n  a // why\n\n  //#end if X\n${end.startsWith('//#') ? '//#if X\nc\n' : ''}${end}`,
      'a.wgsl',
    );
    expect(first.endsWith('\n')).toBe(true);
    expect(tokens(textOf(expand(`${first}fn main() {}`, { X: true })))).toMatch(/ fn main\(\) \{\}$/);
  }
});

test('lines keep their numbers, under the name of their file', () => {
  const text = kernelText('// What it is.\n\n  a // why\n//#if X\n\n', 'src/a.wgsl');
  expect(text).toBe('//#file src/a.wgsl\n\n\na\n//#if X\n');
  expect(() => expand(text, { X: true })).toThrow('src/a.wgsl:4: "//#if X" is never closed');
});
