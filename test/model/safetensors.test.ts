import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/engine/shape.js';
import {
  asFloat32,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsTensor,
  WeightsError,
} from '../../src/model/safetensors.js';

/** A file put together by hand: header length, header text, data bytes. */
function file(header: string, data: number[] = [], announced = header.length): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(announced), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe('files as they come', () => {
  it('reads a Buffer, whose slice is a view of the whole file', () => {
    const bytes = encodeSafetensors({ a: f32([2], [1, 2]), b: f32([1], [3]) });
    const { tensors } = decodeSafetensors(Buffer.from(bytes));
    expect([...tensors.a.data]).toEqual([1, 2]);
    expect([...tensors.b.data]).toEqual([3]);
  });

  it('reads metadata full of quotes, however many', () => {
    const config = JSON.stringify({
      list: Array.from({ length: 2000 }, (_, i) => ({ [`key ${i}`]: 'a "quoted" word' })),
    });
    expect(decodeSafetensors(encodeSafetensors({ a: f32([1], [1]) }, { config })).metadata.config).toBe(config);
  });
});

const f32 = (shape: number[], values: number[]): SafetensorsTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

const shapes = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
const tensors: fc.Arbitrary<SafetensorsTensor> = shapes.chain((shape) => {
  const size = { minLength: sizeOf(shape), maxLength: sizeOf(shape) };
  const integers = (max: number) => fc.array(fc.nat({ max }), size);
  return fc.oneof(
    fc.array(fc.float(), size).map((v) => ({ dtype: 'F32' as const, shape, data: Float32Array.from(v) })),
    fc.array(fc.double(), size).map((v) => ({ dtype: 'F64' as const, shape, data: Float64Array.from(v) })),
    integers(0xffff).map((v) => ({ dtype: 'F16' as const, shape, data: Uint16Array.from(v) })),
    integers(0xffff).map((v) => ({ dtype: 'BF16' as const, shape, data: Uint16Array.from(v) })),
    integers(0xff).map((v) => ({ dtype: 'U8' as const, shape, data: Uint8Array.from(v) })),
    integers(1).map((v) => ({ dtype: 'BOOL' as const, shape, data: Uint8Array.from(v) })),
    fc.array(fc.integer(), size).map((v) => ({ dtype: 'I32' as const, shape, data: Int32Array.from(v) })),
    fc
      .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), size)
      .map((v) => ({ dtype: 'I64' as const, shape, data: BigInt64Array.from(v) })),
  );
});
const names = fc.oneof(fc.string(), fc.constantFrom('enc1.conv1.weight', '__proto__', '7', 'größe', '"\\'));
const files = fc.record({
  tensors: fc.dictionary(
    names.filter((name) => name !== '__metadata__'),
    tensors,
    { maxKeys: 5 },
  ),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
});

describe('encodeSafetensors', () => {
  it('writes length, header and values as the format prescribes', () => {
    const bytes = encodeSafetensors({
      b: f32([1, 2], [1, -2]),
      a: { dtype: 'U8', shape: [3], data: Uint8Array.of(7, 8, 9) },
    });
    const header =
      '{"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}';
    // 109 characters of header, three spaces up to a multiple of 8; 1 is 3f800000 and -2 is c0000000, low byte first.
    expect([...bytes]).toEqual([
      ...[112, 0, 0, 0, 0, 0, 0, 0],
      ...[...header].map((character) => character.charCodeAt(0)),
      ...[0x20, 0x20, 0x20],
      ...[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
      ...[7, 8, 9],
    ]);
  });

  it('puts metadata first and does not depend on the order in which tensors are given', () => {
    const one = encodeSafetensors({ a: f32([1], [1]), b: f32([1], [2]) }, { z: '1', format: 'pt' });
    const other = encodeSafetensors({ b: f32([1], [2]), a: f32([1], [1]) }, { format: 'pt', z: '1' });
    expect(other).toEqual(one);
    expect(new TextDecoder().decode(one.subarray(8, 60))).toMatch(/^\{"__metadata__":\{"format":"pt","z":"1"\},"a":\{/);
  });

  it('aligns every tensor to its element size', () => {
    fc.assert(
      fc.property(files, ({ tensors }) => {
        const bytes = encodeSafetensors(tensors);
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        expect(length % 8).toBe(0);
        const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
        for (const name of Object.keys(tensors)) {
          expect(header[name].data_offsets[0] % tensors[name].data.BYTES_PER_ELEMENT).toBe(0);
        }
      }),
    );
  });

  it.each([
    ['a reserved name', { __metadata__: f32([1], [1]) }, /reserved/],
    ['values that do not fill the shape', { w: f32([2, 3], [1, 2, 3]) }, /"w" has shape 2×3, which is 6 values, and 3/],
    ['an extent that is no count', { w: f32([-1], []) }, /"w" has shape \[-1\]/],
    [
      'an array of another type',
      { w: { dtype: 'F16', shape: [1], data: new Float32Array(1) } },
      /F16.*Uint16Array.*Float32Array/,
    ],
    [
      'an unknown dtype',
      { w: { dtype: 'F12', shape: [1], data: new Float32Array(1) } },
      /"F12", which is none of BOOL, U8/,
    ],
  ])('refuses %s', (_, given, message) => {
    const encode = () => encodeSafetensors(given as unknown as Record<string, SafetensorsTensor>);
    expect(encode).toThrow(WeightsError);
    expect(encode).toThrow(message);
  });
});

describe('decodeSafetensors', () => {
  it('gives back what was written, wherever the bytes lie in memory', () => {
    fc.assert(
      fc.property(files, fc.nat({ max: 9 }), ({ tensors, metadata }, shift) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const shifted = new Uint8Array(shift + bytes.length);
        shifted.set(bytes, shift);
        const decoded = decodeSafetensors(shifted.subarray(shift));
        shifted.fill(0);
        expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const name of Object.keys(tensors)) expect(decoded.tensors[name]).toEqual(tensors[name]);
        expect({ ...decoded.metadata }).toEqual({ ...metadata });
      }),
    );
  });

  it('reads an unpadded header with unaligned tensors, as other writers leave them', () => {
    const header =
      '{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
    const { tensors, metadata } = decodeSafetensors(file(header, [5, 0, 0, 0x80, 0x3f]));
    expect(tensors.a.data).toEqual(Uint8Array.of(5));
    expect(tensors.b.data).toEqual(Float32Array.of(1));
    expect(metadata).toEqual({});
  });

  it('refuses a file cut short at any byte', () => {
    const bytes = encodeSafetensors({ w: f32([2, 2], [1, 2, 3, 4]), n: f32([], [5]) }, { format: 'pt' });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length)), `${length} bytes`).toThrow(WeightsError);
    }
    expect(() => decodeSafetensors(Uint8Array.of(...bytes, 0))).toThrow(/20 of the 21 bytes/);
  });

  it('meets a damaged header with a WeightsError or not at all', () => {
    const original = encodeSafetensors({ w: f32([2, 2], [1, 2, 3, 4]), n: f32([], [5]) }, { format: 'pt' });
    const headerLength = original.length - 20;
    const flips = fc.array(fc.tuple(fc.nat({ max: headerLength - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    let refused = 0;
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = original.slice();
        for (const [position, value] of changes) bytes[position] = value;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WeightsError);
          refused += 1;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });

  const entry = (offsets: string, dtype = 'U8', shape = '[2]') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
  it.each([
    ['fewer bytes than a length', new Uint8Array(5), /5 bytes are fewer than the 8/],
    ['a header longer than the file', file('{}', [], 100), /100 bytes is announced, and 2 bytes follow/],
    ['an absurd header length', file('{}', [], 2 ** 40), /1099511627776 bytes is announced, and 100000000/],
    ['a header that is no object', file('[]'), /does not begin with "\{"/],
    ['a header that is no JSON', file('{"a":'), /not JSON/],
    ['a header that is no UTF-8', file('{"__metadata__":{"key":"?"}}').fill(0xff, 32, 33), /not JSON in UTF-8/],
    ['a tensor named twice', file(`{"a":${entry('[0,2]')},"a":${entry('[0,2]')}}`, [1, 2]), /names "a" twice/],
    [
      'a name written twice in two ways',
      file(`{"a":${entry('[0,2]')},"\\u0061":${entry('[0,2]')}}`, [1, 2]),
      /"a" twice/,
    ],
    ['an unknown dtype', file(`{"a":${entry('[0,2]', 'F7')}}`, [1, 2]), /"a" has dtype "F7", which is none of BOOL/],
    ['a dtype from the prototype chain', file(`{"a":${entry('[0,2]', 'constructor')}}`, [1, 2]), /none of BOOL/],
    ['a negative extent', file(`{"a":${entry('[0,2]', 'U8', '[-2]')}}`, [1, 2]), /shape \[-2\]/],
    ['a fractional extent', file(`{"a":${entry('[0,2]', 'U8', '[1.5]')}}`, [1, 2]), /shape \[1\.5\]/],
    ['a countless shape', file(`{"a":${entry('[0,2]', 'U8', '[9007199254740991,9]')}}`, [1, 2]), /countable/],
    ['three offsets', file(`{"a":${entry('[0,1,2]')}}`, [1, 2]), /data_offsets of "a" are \[0,1,2\]/],
    ['a tensor that is a number', file('{"a":3}'), /"a" is described by 3/],
    [
      'shape and bytes that disagree',
      file(`{"a":${entry('[0,2]', 'F32')}}`, [1, 2]),
      /0 to 2, which are 2, and F32 2 is 8/,
    ],
    ['offsets in reverse', file(`{"a":${entry('[2,0]')}}`, [1, 2]), /2 to 0, which are -2/],
    [
      'overlapping tensors',
      file(`{"a":${entry('[0,2]')},"b":${entry('[1,3]')}}`, [1, 2, 3]),
      /"b" begins at byte 1.*ends at 2/,
    ],
    ['a gap', file(`{"a":${entry('[0,2]')},"b":${entry('[3,5]')}}`, [1, 2, 3, 4, 5]), /bytes 2 to 3, before "b"/],
    ['offsets beyond the data', file(`{"a":${entry('[0,2]')}}`, [1]), /take 2 bytes, and 1 follow/],
    ['trailing bytes', file(`{"a":${entry('[0,2]')}}`, [1, 2, 3]), /2 of the 3 bytes/],
    ['metadata that is no text', file('{"__metadata__":{"epoch":3}}'), /__metadata__ "epoch" is 3, not a text/],
    ['metadata that is no object', file('{"__metadata__":["a"]}'), /__metadata__ is \["a"\]/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(WeightsError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });
});

describe('asFloat32', () => {
  const half = (...bits: number[]) => asFloat32({ dtype: 'F16', shape: [bits.length], data: Uint16Array.from(bits) });

  it('knows the landmarks of binary16', () => {
    // One, the largest number, the smallest normal and subnormal ones, negative zero, one third, infinities.
    expect([...half(0x3c00, 0x7bff, 0x0400, 0x0001, 0x8000, 0x3555, 0x7c00, 0xfc00)]).toEqual([
      1,
      65504,
      2 ** -14,
      2 ** -24,
      -0,
      0.333251953125,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(half(0x7e00)[0]).toBeNaN();
  });

  it('is increasing over the positive halves', () => {
    const values = half(...Array.from({ length: 0x7c01 }, (_, bits) => bits));
    expect(values.findIndex((value, bits) => value <= (values[bits - 1] ?? -1))).toBe(-1);
  });

  it('reads bfloat16 as the upper half of a float32', () => {
    const values = [1, -2.5, 0, 3.3895313892515355e38, Number.NEGATIVE_INFINITY];
    const bits = new Uint16Array(Float32Array.from(values).buffer).filter((_, index) => index % 2 === 1);
    expect([...asFloat32({ dtype: 'BF16', shape: [5], data: bits })]).toEqual(values);
  });

  it('rounds float64 and hands on float32', () => {
    const data = Float32Array.of(1, 2);
    expect(asFloat32({ dtype: 'F32', shape: [2], data })).toBe(data);
    expect(asFloat32({ dtype: 'F64', shape: [1], data: Float64Array.of(0.1) })[0]).toBe(Math.fround(0.1));
  });

  it('refuses what is not floating point', () => {
    const counter: SafetensorsTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) };
    expect(() => asFloat32(counter, 'enc1.bn1.num_batches_tracked')).toThrow(
      /"enc1\.bn1\.num_batches_tracked" holds I64/,
    );
  });
});
