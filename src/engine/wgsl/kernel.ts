import { BoundedMap } from '../bounded-map.js';
import { type Constants, expand, type Line, mistake, textOf } from './template.js';
import { declarationOf, type UniformFields, type Uniforms, wordsOf } from './uniforms.js';

/** What a dispatch takes of a kernel: its final text and the words of its uniforms. */
export interface Kernel {
  readonly source: string;
  readonly uniforms?: Uint32Array;
}

export interface KernelOptions {
  /**
   * Values of the template's names. Types of operands among them: kernels keep values as these have them and compute in
   * f32.
   */
  readonly constants?: Constants;
  readonly uniforms?: Uniforms;
}

/** WGSL that only an extension has, which a kernel has to enable. */
const EXTENSIONS = {
  f16: /\bf16\b/,
  subgroups: /\bsubgroup(?!Matrix)[A-Z]\w*\(/,
  chromium_experimental_subgroup_matrix: /\bsubgroup_matrix_/,
};

/** A template for its constants, and for the fields of its uniforms. */
interface Expansion {
  /** The final text. */
  readonly source: string;
  /** Where the kernel first reads each of its uniforms. */
  readonly reads: ReadonlyMap<string, string>;
  /** The place of `//#uniforms`, or of the first line where there is none. */
  readonly declared: string;
}

/**
 * A kernel from its template (template.ts has the language), with the extensions enabled that its text uses.
 *
 * @throws ShaderError that names file, line and name: a name without a value, a block that is not closed, a uniform
 * that the kernel reads and nobody declared, or that is declared and has no value
 */
export function kernel(template: string, { constants = {}, uniforms }: KernelOptions = {}): Kernel {
  const key = JSON.stringify([constants, uniforms?.fields]);
  const expansion = expansions
    .get(template, () => new BoundedMap(EXPANSIONS_EACH))
    .get(key, () => expansionOf(template, constants, uniforms?.fields));
  if (!uniforms) return { source: expansion.source };
  checkValues(uniforms, expansion);
  return { source: expansion.source, uniforms: wordsOf(uniforms) };
}

/**
 * Every dispatch that is planned asks for its kernel, and a text is expanded in a millisecond: by template, then by the
 * rest.
 */
const expansions = new BoundedMap<BoundedMap<Expansion>>(256);
const EXPANSIONS_EACH = 256;

function expansionOf(template: string, constants: Constants, fields: UniformFields | undefined): Expansion {
  const lines = expand(template, constants);
  const place = lines.find(isUniforms)?.place;
  const declared = place ?? lines[0].place;
  if (fields && !place) throw mistake(declared, 'uniforms are given, but the kernel has no line //#uniforms.');
  if (!fields && place) throw mistake(place, 'no uniforms are given for //#uniforms.');
  const source = textOf(
    lines
      .filter(({ text }) => text.trim() !== '')
      .map((line) => (fields && isUniforms(line) ? { ...line, text: declarationOf(fields) } : line)),
  );
  const code = source.replace(/\/\/.*/g, '');
  const enabled = Object.entries(EXTENSIONS).flatMap(([name, used]) => (used.test(code) ? [`enable ${name};\n`] : []));
  return { source: enabled.join('') + source, reads: fields ? readsOf(lines, fields) : new Map(), declared };
}

function isUniforms({ text }: Line): boolean {
  return /^\s*\/\/#uniforms\b/.test(text);
}

function readsOf(lines: readonly Line[], fields: UniformFields): Map<string, string> {
  const reads = new Map<string, string>();
  for (const { text, place } of lines) {
    for (const [, name] of text.replace(/\/\/.*/, '').matchAll(/\buniforms\.(\w+)/g)) {
      if (!(name in fields)) {
        throw mistake(place, `uniforms.${name} is not declared; there are ${Object.keys(fields).join(', ')}.`);
      }
      if (!reads.has(name)) reads.set(name, place);
    }
  }
  return reads;
}

function checkValues({ fields, values }: Uniforms, { reads, declared }: Expansion): void {
  for (const name of Object.keys(fields)) {
    if (values[name] === undefined) throw mistake(reads.get(name) ?? declared, `uniform ${name} has no value.`);
  }
  for (const name of Object.keys(values)) {
    if (!(name in fields))
      throw mistake(declared, `the struct of uniforms has no ${name}, for which a value is given.`);
  }
}
