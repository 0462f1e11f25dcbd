import source from './nan.wgsl';
import { template } from './template.js';

/** A kernel with the functions of nan.wgsl behind it, on floats of one type. */
export function withNan(kernel: string, floats: 'f32' | 'vec4<f32>'): string {
  const types =
    floats === 'f32'
      ? { FLOATS: floats, WORDS: 'i32', BOOLEANS: 'bool' }
      : { FLOATS: floats, WORDS: 'vec4<i32>', BOOLEANS: 'vec4<bool>' };
  return `${kernel}\n${template(source, types)}`;
}
