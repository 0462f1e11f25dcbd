import { expect, test } from 'vitest';
import { template } from '../../src/engine/template.js';
import { unroll } from '../../src/kernels/matmul/unroll.js';

test('lines are kept where every block around them is, and names are filled in', () => {
  const source = [
    'a',
    '//#if X',
    'b',
    '//#if Y',
    'c {{N}}',
    '//#else',
    'd',
    '//#end',
    '//#else',
    'e {{N}}',
    '//#end',
    'f',
  ];
  const lines = (constants: Record<string, boolean>) => template(source.join('\n'), { ...constants, N: 7 }).split('\n');
  expect(lines({ X: true, Y: true })).toEqual(['a', 'b', 'c 7', 'f']);
  expect(lines({ X: true, Y: false })).toEqual(['a', 'b', 'd', 'f']);
  expect(lines({ X: false, Y: true })).toEqual(['a', 'e 7', 'f']);
});

const MALFORMED = [
  '//#end fn main() {',
  '//#endfn main() {',
  '} //#end',
  '//#else if Y',
  '//#else // otherwise',
  '//#if',
  '//#if X Y',
  '//#if !X',
  '//#ifX',
  '//# if X',
  '//#elif X',
  '//#unroll e',
  '//#unroll e 4 4',
  '//#section',
  'var a = 1; //#if X',
];

test.each(MALFORMED)('a directive that is misspelt or not alone on its line is refused: %s', (line) => {
  const source = `//#if X\na\n${line}\n//#end\n`;
  expect(() => template(source, { X: true, Y: true })).toThrow(`"${line}" is no directive`);
  // In a branch that is left out as well, and before unrolling.
  expect(() => template(source, { X: false, Y: true })).toThrow('is no directive');
  expect(() => unroll(source, {})).toThrow('is no directive');
  expect(() => unroll(`//#unroll i 2\n${source}//#end\n`, {})).toThrow('is no directive');
});

test.each([
  ['a\n//#end', 'an //#end stands outside of every //#if'],
  ['//#if X\n//#end\n//#end', 'an //#end stands outside of every //#if'],
  ['a\n//#else\nb', 'an //#else stands outside of every //#if'],
  ['//#if X\n//#else\n//#else\n//#end', 'an //#if has two //#else'],
  ['//#if X\na', 'an //#if has no //#end'],
  ['//#if X\n//#if X\n//#end', 'an //#if has no //#end'],
  ['//#unroll i 2\n//#end', '"//#unroll i 2" was left'],
  ['//#section A\na', '"//#section A" was left'],
  ['{{Z}}', 'no value for Z'],
  ['//#if Z\n//#end', 'no value for Z'],
  ['a {{X+1}};', '"{{X+1}};" is not {{NAME}}'],
  ['a {{ X }};', '"{{ X }};" is not {{NAME}}'],
])('%j is refused: %s', (source, sentence) => {
  expect(() => template(source, { X: true })).toThrow(sentence);
});
