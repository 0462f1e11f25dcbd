/**
 * Types of uniforms. A number for each of the first three, four numbers for a vector, and an array holds N vectors, all
 * their numbers in one list.
 */
type Vector = 'vec4u' | 'vec4f';
export type UniformType = 'u32' | 'i32' | 'f32' | Vector | `array<${Vector}, ${number}>`;
export type UniformFields = Readonly<Record<string, UniformType>>;

export type UniformValues<Fields extends UniformFields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends 'u32' | 'i32' | 'f32' ? number : readonly number[];
};

/** The uniforms of one dispatch: what `kernel` needs to declare and check them, and the words that they are. */
export interface Uniforms {
  readonly fields: UniformFields;
  readonly values: Readonly<Record<string, number | readonly number[]>>;
}

/**
 * Declares the uniforms of a kernel once, for its WGSL and for those who dispatch it. The kernel has a line
 * `//#uniforms`, which becomes the struct `Uniforms` with these fields in this order and the variable `uniforms` at
 * binding 0.
 *
 *   const walk = uniforms({ rows: 'u32', share: 'f32' });
 *   lowering.dispatch({ …, ...kernel(source, { uniforms: walk({ rows, share: 1 / rows }) }) });
 *
 * @returns Takes a value for every field, by name. Names that lack or are too many do not compile, and without
 *   TypeScript `kernel` refuses them.
 */
export function uniforms<const Fields extends UniformFields>(
  fields: Fields,
): (values: UniformValues<Fields>) => Uniforms {
  return (values) => ({ fields, values });
}

/** What `//#uniforms` stands for. */
export function declarationOf(fields: UniformFields): string {
  const members = Object.entries(fields).map(([name, type]) => `${name}: ${type}`);
  return `struct Uniforms { ${members.join(', ')} }\n@group(0) @binding(0) var<uniform> uniforms: Uniforms;`;
}

/**
 * The words of the struct, laid out as WGSL lays out uniforms: vectors and arrays of them begin at whole multiples of
 * 16 bytes.
 */
export function wordsOf({ fields, values }: Uniforms): Uint32Array {
  const words: number[] = [];
  for (const [name, type] of Object.entries(fields)) {
    const [, vector, scalar, length = '1'] = /(vec4)?(u32|i32|f32|[uf])(?:, (\d+))?/.exec(type) ?? [];
    const given = values[name];
    const own = typeof given === 'object' ? given : [given];
    const expected = vector ? 4 * Number(length) : 1;
    if (own.length !== expected) throw new RangeError(`uniform ${name} is ${expected} numbers, not ${own.length}`);
    while (vector && words.length % 4 > 0) words.push(0);
    for (const value of own) words.push(scalar.startsWith('f') ? floatBits(value) : value >>> 0);
  }
  return Uint32Array.from(words);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return bits[0];
}
