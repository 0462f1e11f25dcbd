import { expect, test } from 'vitest';
import { unroll } from '../../src/kernels/matmul/unroll.js';

test('a block is copied with its counter filled in, and nested counters multiply', () => {
  const source = [
    'before',
    '//#unroll s 2',
    '//#unroll l LANES',
    'sum{{s}}_{{l}} = {{s*LANES+l}};',
    '//#end',
    '//#end',
    'after',
  ];
  expect(unroll(source.join('\n'), { LANES: 3 }).split('\n')).toEqual([
    'before',
    ...['sum0_0 = 0;', 'sum0_1 = 1;', 'sum0_2 = 2;', 'sum1_0 = 3;', 'sum1_1 = 4;', 'sum1_2 = 5;'],
    'after',
  ]);
});

test('conditions inside a block, and names that are not counters, are left to the template', () => {
  const source = '//#unroll e 2\n//#if VECTOR\n{{NAME_{{e}}}}\n//#end\n//#end';
  expect(unroll(source, {})).toBe('//#if VECTOR\n{{NAME_0}}\n//#end\n//#if VECTOR\n{{NAME_1}}\n//#end');
});

test('a count without a value and a block without an end are refused', () => {
  expect(() => unroll('//#unroll e STEPS\n//#end', {})).toThrow('no value for STEPS');
  expect(() => unroll('//#unroll e 2\nline', {})).toThrow('has no //#end');
});
