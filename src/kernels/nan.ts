import { BoundedMap } from '../engine/bounded-map.js';
import { kernel } from '../engine/wgsl/index.js';
import source from './nan.wgsl';

const TYPES = {
  f32: { FLOATS: 'f32', WORDS: 'i32', BOOLEANS: 'bool' },
  vec4f: { FLOATS: 'vec4f', WORDS: 'vec4i', BOOLEANS: 'vec4<bool>' },
};

const joined = { f32: new BoundedMap<string>(64), vec4f: new BoundedMap<string>(64) };

/** A kernel's template with the functions of nan.wgsl behind it, on floats of one type. */
export function withNan(template: string, floats: 'f32' | 'vec4f'): string {
  // The same text each time: a new one would be hashed anew at every look-up of its kernel.
  return joined[floats].get(template, () => `${template}\n${kernel(source, { constants: TYPES[floats] }).source}`);
}
