import { type Constants, expand, type Line, mistake, textOf } from './template.js';
import { declarationOf, type Uniforms, wordsOf } from './uniforms.js';

/** What a dispatch takes of a kernel: its final text and the words of its uniforms. */
export interface Kernel {
  readonly source: string;
  readonly uniforms?: Uint32Array;
}

export interface KernelOptions {
  /** Values of the template's names. Types of operands among them: kernels keep values as these have them and compute in f32. */
  readonly constants?: Constants;
  readonly uniforms?: Uniforms;
}

/** WGSL that only an extension has, which a kernel has to enable. */
const EXTENSIONS = {
  f16: /\bf16\b/,
  subgroups: /\bsubgroup(?!Matrix)[A-Z]\w*\(/,
  chromium_experimental_subgroup_matrix: /\bsubgroup_matrix_/,
};

/**
 * A kernel from its template (template.ts has the language), with the extensions enabled that its text uses.
 *
 * @throws ShaderError that names file, line and name: a name without a value, a block that is not closed, a uniform that the kernel
 * reads and nobody declared, or that is declared and has no value
 */
export function kernel(template: string, { constants = {}, uniforms }: KernelOptions = {}): Kernel {
  const lines = expand(template, constants);
  const place = lines.find(isUniforms)?.place;
  if (uniforms) checkUniforms(lines, uniforms, place ?? lines[0].place);
  else if (place) throw mistake(place, 'no uniforms are given for //#uniforms.');
  const source = textOf(
    lines
      .filter(({ text }) => text.trim() !== '')
      .map((line) => (uniforms && isUniforms(line) ? { ...line, text: declarationOf(uniforms) } : line)),
  );
  const code = source.replace(/\/\/.*/g, '');
  const enabled = Object.entries(EXTENSIONS).flatMap(([name, used]) => (used.test(code) ? [`enable ${name};\n`] : []));
  return { source: enabled.join('') + source, uniforms: uniforms && wordsOf(uniforms) };
}

function isUniforms({ text }: Line): boolean {
  return /^\s*\/\/#uniforms\b/.test(text);
}

function checkUniforms(lines: readonly Line[], { fields, values }: Uniforms, declared: string): void {
  if (!lines.some(isUniforms)) throw mistake(declared, 'uniforms are given, but the kernel has no line //#uniforms.');
  const read = new Map<string, string>();
  for (const { text, place } of lines) {
    for (const [, name] of text.replace(/\/\/.*/, '').matchAll(/\buniforms\.(\w+)/g)) {
      if (!(name in fields)) {
        throw mistake(place, `uniforms.${name} is not declared; there are ${Object.keys(fields).join(', ')}.`);
      }
      if (!read.has(name)) read.set(name, place);
    }
  }
  for (const name of Object.keys(fields)) {
    if (values[name] === undefined) throw mistake(read.get(name) ?? declared, `uniform ${name} has no value.`);
  }
  for (const name of Object.keys(values)) {
    if (!(name in fields))
      throw mistake(declared, `the struct of uniforms has no ${name}, for which a value is given.`);
  }
}
