import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InspectOptions, runInspect } from '../../inspect/run-inspect.js';

const file = (name: string, text: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'sonde-inspect-')), name);
  writeFileSync(path, text);
  return path;
};

// What is refused before any driver is asked.
describe('npm run inspect refuses in one sentence', () => {
  it.each<[string, Partial<InspectOptions>, string]>([
    [
      'an unknown GPU',
      { gpu: 'm1,voodoo2' },
      'There is no compiler for the GPU "voodoo2"; choose among turing, ampere',
    ],
    ['a file that is not there', { wgsl: 'nowhere.wgsl' }, 'nowhere.wgsl cannot be read'],
    ['a file without kernels', { wgsl: file('a.wgsl', '// @compute fn main\nfn f() {}') }, 'no compute entry point'],
    ['a precision', { precision: 'f64' }, 'The precision is "f64"; give f32, mixed, or both'],
    ['shapes', { op: 'conv2d', shape: '8x64xa' }, 'The shapes are "8x64xa"; give --shape'],
    ['options', { op: 'conv2d', shape: '1x8x8x4', options: '{' }, 'The options are {; give JSON'],
    ['a configuration', { config: 'nowhere.json' }, 'nowhere.json'],
  ])('%s', async (_, options, sentence) => {
    await expect(runInspect({ gpu: 'm1', precision: 'f32', ...options })).rejects.toThrow(sentence);
  });
});
