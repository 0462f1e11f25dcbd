import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../src/engine/bounded-map.js';
import { kernel, uniforms } from '../../src/engine/wgsl/index.js';

describe('BoundedMap', () => {
  it('derives once, and the oldest again once it had to go', () => {
    const derived: string[] = [];
    const map = new BoundedMap<string>(2);
    const get = (key: string) =>
      map.get(key, (k) => {
        derived.push(k);
        return k.toUpperCase();
      });
    expect(['a', 'b', 'a', 'c', 'b', 'a'].map(get)).toEqual(['A', 'B', 'A', 'C', 'B', 'A']);
    expect(derived).toEqual(['a', 'b', 'c', 'a']);
  });
});

describe('kernels that are asked for again', () => {
  const template = '//#uniforms\n{{BODY}} uniforms.n';

  it('have the text of their own constants and fields, and the words of their own values', () => {
    const whole = uniforms({ n: 'u32' });
    const real = uniforms({ n: 'f32' });
    const texts = ['first', 'second', 'first'].map((BODY) =>
      kernel(template, { constants: { BODY } as const, uniforms: whole({ n: 1 }) }),
    );
    expect(texts.map(({ source }) => source.split('\n').at(-1))).toEqual([
      'first uniforms.n',
      'second uniforms.n',
      'first uniforms.n',
    ]);
    expect(kernel(template, { constants: { BODY: 'first' }, uniforms: whole({ n: 7 }) }).uniforms).toEqual(
      Uint32Array.of(7),
    );
    expect(kernel(template, { constants: { BODY: 'first' }, uniforms: real({ n: 1 }) }).source).toContain('n: f32');
  });

  it('refuse what they would have refused at first', () => {
    const fields = uniforms({ n: 'u32' });
    kernel(template, { constants: { BODY: 'x' }, uniforms: fields({ n: 1 }) });
    expect(() => kernel(template, { constants: { BODY: 'x' }, uniforms: fields({} as { n: number }) })).toThrow(
      'uniform n has no value',
    );
    expect(() => kernel(template, { constants: { BODY: 'x' } })).toThrow('no uniforms are given');
  });
});
