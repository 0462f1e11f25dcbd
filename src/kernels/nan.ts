import { kernel } from '../engine/wgsl/index.js';
import source from './nan.wgsl';

/** A kernel's template with the functions of nan.wgsl behind it, on floats of one type. */
export function withNan(template: string, floats: 'f32' | 'vec4f'): string {
  const types =
    floats === 'f32'
      ? { FLOATS: floats, WORDS: 'i32', BOOLEANS: 'bool' }
      : { FLOATS: floats, WORDS: 'vec4i', BOOLEANS: 'vec4<bool>' };
  return `${template}\n${kernel(source, { constants: types }).source}`;
}
