import { describe, expect, test } from 'vitest';
import { kernelModules } from '../../scripts/kernel-text.mjs';
import { sections } from '../../src/engine/wgsl/index.js';
import { type Constants, compile, kernel, record, relu, uniforms } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

const FILE = '//#file src/some.wgsl\n';

function render(lines: readonly string[], constants: Constants = {}): string[] {
  return kernel(FILE + lines.join('\n'), { constants }).source.split('\n');
}

describe('a template', () => {
  test('takes sums of products, and names that are put together', () => {
    expect(render(['{{A}} {{2*A+B}} {{C_{{B}}}}'], { A: 3, B: 1, C_1: 'c' })).toEqual(['3 7 c']);
  });

  test('keeps the lines of a condition or those of its other half, and looks at no others', () => {
    const lines = ['//#if X', '{{ONLY_X}}', '//#if Y', 'both', '//#end if Y', '//#else', 'neither', '//#end if X'];
    expect(render(lines, { X: true, ONLY_X: 1, Y: true })).toEqual(['1', 'both']);
    expect(render(lines, { X: true, ONLY_X: 1, Y: false })).toEqual(['1']);
    expect(render(lines, { X: false })).toEqual(['neither']);
  });

  test('unrolls a block with its counter filled in, and nested counters multiply', () => {
    const lines = [
      '//#unroll s 2',
      '//#unroll l LANES',
      'sum{{s}}_{{l}} = {{s*LANES+l}};',
      '//#end unroll l',
      '//#end unroll s',
    ];
    expect(render(lines, { LANES: 2 })).toEqual(['sum0_0 = 0;', 'sum0_1 = 1;', 'sum1_0 = 2;', 'sum1_1 = 3;']);
  });

  test('has sections that are found by name', () => {
    const source = '//#section FIRST\n{{A}}\n//#end section FIRST\n//#section LAST\nlast\n//#end section LAST';
    expect(sections(source, { A: 1 })).toEqual({ FIRST: '1', LAST: 'last' });
  });

  test('enables the extensions that its text uses, comments aside', () => {
    expect(render(['var x: f16;'])[0]).toBe('enable f16;');
    expect(render(['let x = subgroupAdd(1.0);'])[0]).toBe('enable subgroups;');
    expect(render(['var x: f32; // as f16, subgroupAdd(x)'])).toEqual(['var x: f32; // as f16, subgroupAdd(x)']);
  });

  const mistakes: [string, string[], string][] = [
    ['a name without value', ['line', '{{NAME}}'], 'src/some.wgsl:2: no value for NAME'],
    ['a name without value in a sum', ['{{2*NAME}}'], 'src/some.wgsl:1: no value for NAME'],
    ['a condition without value', ['//#if NAME', '//#end if NAME'], 'src/some.wgsl:1: no value for NAME'],
    ['a count without value', ['//#unroll k NAME', '//#end unroll k'], 'src/some.wgsl:1: no value for NAME'],
    ['an unclosed condition', ['line', '//#if X', 'line'], 'src/some.wgsl:2: "//#if X" is never closed'],
    [
      'an unclosed loop',
      ['//#unroll k 2', '//#if X', '//#end if X'],
      'src/some.wgsl:1: "//#unroll k 2" is never closed',
    ],
    [
      'an end that says what it does not end',
      ['//#if X', '//#end if Y'],
      'src/some.wgsl:2: "//#end if Y" is found where //#end if X is expected',
    ],
    ['an end of nothing', ['//#end if X'], 'src/some.wgsl:1: "//#end if X" ends nothing'],
    [
      'an else of nothing',
      ['//#unroll k 2', '//#else', '//#end unroll k'],
      'src/some.wgsl:2: an //#else is outside of every //#if',
    ],
    ['a second else', ['//#if X', '//#else', '//#else', '//#end if X'], 'src/some.wgsl:3: //#if X has two //#else'],
    ['what is no sum of products', ['a {{X-1}};'], 'src/some.wgsl:1: "{{X-1}};" is neither a name'],
    ['spaces around a name', ['a {{ X }};'], 'src/some.wgsl:1: "{{ X }};" is neither a name'],
    [
      'a section in its text',
      ['//#section A', '//#end section A'],
      'src/some.wgsl:1: section A is not part of a kernel',
    ],
  ];
  test.each(mistakes)('with %s is refused, with file, line and name', (_, lines, message) => {
    expect(() => render(lines)).toThrow(message);
  });

  const malformed = [
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
    '//#end',
    '//#end if',
    '//#uniforms rows',
    '//#unroll e',
    '//#unroll e 4 4',
    '//#section',
    'var a = 1; //#if X',
  ];
  test.each(malformed)('with a directive that is misspelt or not alone on its line is refused: %s', (line) => {
    const lines = ['//#if X', 'a', line, '//#end if X'];
    expect(() => render(lines, { X: true, Y: true })).toThrow(`src/some.wgsl:3: "${line}" is not a directive`);
    // In a branch that is left out as well.
    expect(() => render(lines, { X: false, Y: true })).toThrow('is not a directive');
  });

  test('names the file of each of its parts', () => {
    expect(() => kernel(`${FILE}line\n//#file src/other.wgsl\nline\n{{X}}`)).toThrow(
      'src/other.wgsl:2: no value for X',
    );
  });

  test('is told by the build where it comes from', () => {
    const file = new URL('../../src/engine/fill.wgsl', import.meta.url).pathname;
    expect(kernelModules.load(file)?.code).toMatch(/^export default String\.raw`\/\/#file src\/engine\/fill\.wgsl\n/);
  });
});

describe('uniforms', () => {
  const mixed = uniforms({ a: 'f32', rows: 'array<vec4u, 2>', b: 'i32', v: 'vec4f', c: 'u32' });
  const values = { a: 1.5, rows: [1, 2, 3, 4, 5, 6, 7, 8], b: -1, v: [0, 0.5, 1, 2], c: 2 ** 32 - 1 };
  const source = `${FILE}//#uniforms\nlet x = uniforms.a + f32(uniforms.b);`;

  test('declare one struct in the order of their fields', () => {
    expect(
      kernel(source, { uniforms: mixed(values) })
        .source.split('\n')
        .slice(0, 2),
    ).toEqual([
      'struct Uniforms { a: f32, rows: array<vec4u, 2>, b: i32, v: vec4f, c: u32 }',
      '@group(0) @binding(0) var<uniform> uniforms: Uniforms;',
    ]);
  });

  test('lie where WGSL has them: a kernel reads each value by its name', async () => {
    const device = await sharedDevice();
    const read = kernel(
      `//#uniforms
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(1) fn main() {
        y[0] = uniforms.a;
        for (var i = 0u; i < 8u; i++) { y[1u + i] = f32(uniforms.rows[i / 4u][i % 4u]); }
        y[9] = f32(uniforms.b);
        for (var i = 0u; i < 4u; i++) { y[10u + i] = uniforms.v[i]; }
        y[14] = f32(uniforms.c >> 16u);
      }`,
      { uniforms: mixed(values) },
    );
    const [y] = record(
      {
        name: 'readUniforms',
        shape: () => [{ shape: [15], dtype: 'f32' }],
        lower: (lowering, _, [result]) =>
          lowering.dispatch({ label: 'read', ...read, bindings: [result], writes: [0], workgroups: [1, 1, 1] }),
      },
      [],
      null,
      device,
    );
    expect(Array.from(await y.data())).toEqual([1.5, 1, 2, 3, 4, 5, 6, 7, 8, -1, 0, 0.5, 1, 2, 65535]);
  });

  test('that lack or are too many do not compile, and are refused with file, line and name', () => {
    // @ts-expect-error `c` lacks
    expect(() => kernel(source, { uniforms: mixed({ ...values, c: undefined }) })).toThrow(
      'src/some.wgsl:1: uniform c has no value',
    );
    const { b: _, ...without } = values;
    // @ts-expect-error `b` lacks; the kernel reads it
    expect(() => kernel(source, { uniforms: mixed(without) })).toThrow('src/some.wgsl:2: uniform b has no value');
    const more = uniforms({ a: 'f32' });
    // @ts-expect-error there is no `z`
    const extra = more({ a: 1, z: 2 });
    expect(() => kernel(`${FILE}//#uniforms`, { uniforms: extra })).toThrow(
      'src/some.wgsl:1: the struct of uniforms has no z',
    );
  });

  test('that a kernel reads and nobody declared are refused', () => {
    const own = uniforms({ count: 'u32' })({ count: 1 });
    expect(() => kernel(`${FILE}//#uniforms\n// uniforms.rows\nuniforms.rows`, { uniforms: own })).toThrow(
      'src/some.wgsl:3: uniforms.rows is not declared; there are count.',
    );
    expect(() => kernel(`${FILE}line`, { uniforms: own })).toThrow('src/some.wgsl:1: uniforms are given');
    expect(() => kernel(`${FILE}//#uniforms`)).toThrow('src/some.wgsl:1: no uniforms are given');
  });
});

test("the final source of a program's kernels can be had", async () => {
  const device = await sharedDevice();
  const compiled = compile(() => relu(device.zeros([8])), { device });
  const kernels = await compiled.kernels();
  const own = kernels.find(({ label }) => label === 'relu');
  expect(own?.source).toContain('struct Uniforms { count: u32, single: u32, p0: f32, p1: f32 }');
  expect(own?.source).not.toMatch(/\{\{|\/\/#/);
  compiled.dispose();
});
