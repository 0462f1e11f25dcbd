import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { kernelText } from '../../scripts/kernel-text.mjs';
import { directiveOf, template } from '../../src/engine/template.js';
import { unroll } from '../../src/kernels/matmul/unroll.js';

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

/** The parts between `//#section` lines, of which each is expanded by itself; one for a file without them. */
function sections(text: string): string[] {
  return text.split(/^\/\/#section \w+\n/m);
}

/** Names of conditions, and of what is counted with, in any of the files: in all of them they have the same values. */
const directives = texts.flatMap(({ full }) => full.split('\n').map(directiveOf));
const conditions = new Set(directives.flatMap((directive) => (directive?.kind === 'if' ? [directive.name] : [])));
const sums = texts.flatMap(({ full }) => [...full.matchAll(/\{\{([^{}]*[+*][^{}]*)\}\}/g)].map(([, sum]) => sum));
const counted = [
  ...directives.flatMap((directive) => (directive?.kind === 'unroll' ? [directive.count] : [])),
  ...sums.flatMap((sum) => sum.match(/[A-Za-z_]\w*/g) ?? []),
];
const counts = Object.fromEntries(counted.map((name) => [name, 2]));

/** A text as a kernel makes it, with every condition that `holds`. Other names stand for themselves. */
function expand(text: string, holds: (name: string) => boolean): string {
  const constants = new Proxy<Record<string, string | boolean>>(
    {},
    { get: (_, name) => (conditions.has(String(name)) ? holds(String(name)) : `<${String(name)}>`) },
  );
  return sections(text)
    .map((part) => template(unroll(part, counts), constants))
    .join('\n');
}

/** All conditions, none, and each alone, true or false. */
function assignments(text: string): ((name: string) => boolean)[] {
  const names = [...text.matchAll(/\/\/#if (\w+)/g)].map(([, name]) => name);
  return [
    () => true,
    () => false,
    ...[...new Set(names)].flatMap((one) => [(name: string) => name === one, (name: string) => name !== one]),
  ];
}

test('there are kernels to look at', () => {
  expect(files.length).toBeGreaterThan(50);
});

test.each(texts)('$path without comments makes the kernels that it makes with them', ({ full }) => {
  const brief = kernelText(full);
  expect(brief).not.toMatch(/\/\/(?!#)/);
  expect(brief.endsWith('\n')).toBe(true);
  // Nor would concatenation change the file as it is written.
  expect(full.endsWith('\n'), 'the last line is ended').toBe(true);
  for (const holds of assignments(full)) expect(tokens(expand(brief, holds))).toBe(tokens(expand(full, holds)));
});

test.each<[string, (i: number) => number]>([
  ['in order', (i) => i],
  ['the other way round', (i) => files.length - 1 - i],
  ['in strides of seven', (i) => (7 * i) % files.length],
])('files one behind the other, %s, make what each makes by itself', (_, place) => {
  const ordered = texts.map((_, i) => texts[place(i)]);
  for (const holds of [() => true, () => false]) {
    const joined = expand(ordered.map(({ full }) => kernelText(full)).join(''), holds);
    const own = ordered.map(({ full }) => tokens(expand(full, holds))).filter(Boolean);
    expect(tokens(joined)).toBe(own.join(' '));
  }
});

test('a file that ends in a directive or a comment, and lacks its newline, swallows nothing', () => {
  for (const end of ['//#end', 'b // comment', '}']) {
    const first = kernelText(
      `  //#if X\n  a // why\n\n  //#end\n//#if X\nc\n${end === '//#end' ? '' : '//#end\n'}${end}`,
    );
    expect(tokens(template(`${first}fn main() {}`, { X: true }))).toContain(' fn main() {}');
  }
  expect(kernelText('//#if X\na\n//#end').endsWith('//#end\n')).toBe(true);
});
