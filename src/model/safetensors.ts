/**
 * The safetensors file format: 8 bytes of header length (unsigned, little-endian), a JSON header that gives every
 * tensor's dtype, shape and byte range, then the values, little-endian and row-major, without gaps.
 *
 * Files are written as the reference implementation writes them: wider dtypes first, then by name, so that every tensor
 * is aligned, with the header padded by spaces to a multiple of 8. The same tensors therefore give the same bytes.
 */
import { SondeError } from '../engine/errors.js';
import { fromFloat16 } from '../engine/float16.js';
import { formatShape, type Shape, sizeOf } from '../engine/shape.js';

/** Weights that cannot be written, or a weight file that is damaged or not what it should be. */
export class WeightsError extends SondeError {
  override name = 'WeightsError';
}

/** Element types in the format's own order, by increasing width, and the arrays that hold their bits. */
const ARRAYS = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

export type SafetensorsDType = keyof typeof ARRAYS;

/**
 * A tensor of a file. Half-precision values are their bits in a Uint16Array, booleans and 8-bit floats bytes;
 * `asFloat32` turns floats into numbers.
 */
export type SafetensorsTensor = {
  [D in SafetensorsDType]: {
    readonly dtype: D;
    readonly shape: Shape;
    readonly data: InstanceType<(typeof ARRAYS)[D]>;
  };
}[SafetensorsDType];

export interface SafetensorsFile {
  readonly tensors: Record<string, SafetensorsTensor>;
  readonly metadata: Record<string, string>;
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

const DTYPES = Object.keys(ARRAYS) as SafetensorsDType[];
const METADATA = '__metadata__';
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The reference implementation refuses longer headers. */
const LONGEST_HEADER = 100_000_000;

/**
 * The bytes of a safetensors file.
 *
 * @param tensors by name; `data` holds the product of `shape` elements, row-major
 * @param metadata free text by key, kept in the header
 * @throws WeightsError for a reserved name, a shape that is none, or values that do not fit their shape or dtype
 */
export function encodeSafetensors(
  tensors: Record<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const ordered = Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) =>
      DTYPES.indexOf(b.dtype) - DTYPES.indexOf(a.dtype) || (nameA < nameB ? -1 : Number(nameA > nameB)),
  );
  const header: [string, unknown][] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) header.push([METADATA, Object.fromEntries(keys.map((key) => [key, metadata[key]]))]);
  let offset = 0;
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor);
    const end = offset + tensor.data.byteLength;
    header.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }

  // Not one object of all entries: an object would move names that look like numbers to the front.
  const members = header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerLength = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, LENGTH_BYTES);
  bytes.fill(0x20, LENGTH_BYTES + json.length, LENGTH_BYTES + headerLength);
  let position = LENGTH_BYTES + headerLength;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Tensors and metadata of a safetensors file. The tensors own their memory: `bytes` may be reused afterwards.
 *
 * @throws WeightsError unless the header is whole and every byte of the file belongs to exactly one tensor
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const { [METADATA]: metadata = {}, ...described } = header;
  checkMetadata(metadata);
  const entries = Object.entries(described).map(([name, value]) => readEntry(name, value));
  checkCoverage(entries, bytes.length - dataStart);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, SafetensorsTensor] => {
    // Not bytes.slice: Node's Buffer, which is a Uint8Array, gives a view of the whole file there.
    const own = Uint8Array.from(bytes.subarray(dataStart + begin, dataStart + end));
    const data = new ARRAYS[dtype](own.buffer);
    return [name, { dtype, shape, data } as SafetensorsTensor];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/**
 * The values of a floating-point tensor (F16, BF16, F32, F64) as float32. F32 data is handed on, not copied.
 *
 * @throws WeightsError for any other dtype
 */
export function asFloat32(tensor: SafetensorsTensor, name = 'tensor'): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'F64':
      return Float32Array.from(tensor.data);
    case 'F16':
      return fromFloat16(tensor.data);
    case 'BF16': {
      // bfloat16 is the upper half of a float32.
      const bits = Uint32Array.from(tensor.data, (half) => half << 16);
      return new Float32Array(bits.buffer);
    }
    default:
      throw new WeightsError(`${quote(name)} holds ${tensor.dtype}, not floats; give F16, BF16, F32 or F64.`);
  }
}

function checkTensor(name: string, { dtype, shape, data }: SafetensorsTensor): void {
  if (name === METADATA) throw new WeightsError(`${METADATA} is reserved by the format; give the tensor another name.`);
  const array = ARRAYS[dtype];
  if (array === undefined) throw new WeightsError(unknownDType(name, dtype));
  checkExtents(name, shape);
  if (!(data instanceof array)) {
    throw new WeightsError(
      `${quote(name)} is ${dtype}, which is stored from a ${array.name}, and has a ${(data as object).constructor.name}; ` +
        'convert the values or name their dtype.',
    );
  }
  if (data.length !== sizeOf(shape)) {
    throw new WeightsError(
      `${quote(name)} has shape ${formatShape(shape)}, which is ${sizeOf(shape)} values, and ${data.length} values; ` +
        'make them agree.',
    );
  }
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(`${bytes.length} bytes are fewer than the ${LENGTH_BYTES} of the header length`);
  }
  const stored = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (stored > LONGEST_HEADER) {
    throw damaged(`a header of ${stored} bytes is announced, and ${LONGEST_HEADER} is the most allowed`);
  }
  const dataStart = LENGTH_BYTES + Number(stored);
  if (dataStart > bytes.length) {
    throw damaged(`a header of ${stored} bytes is announced, and ${bytes.length - LENGTH_BYTES} bytes follow`);
  }
  const encoded = bytes.subarray(LENGTH_BYTES, dataStart);
  if (encoded[0] !== 0x7b) throw damaged(`the header of ${stored} bytes does not begin with "{"`);
  let text: string;
  let header: Record<string, unknown>;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(encoded);
    header = JSON.parse(text);
  } catch (cause) {
    throw damaged(`the header of ${stored} bytes is not JSON in UTF-8 (${(cause as Error).message})`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw damaged(`the header names ${quote(twice)} twice`);
  return { header, dataStart };
}

/** The first key that stands twice in one object of `json`, which is valid: parsing would keep the last in silence. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, key] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      const names = open[open.length - 1];
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return undefined;
}

function checkMetadata(metadata: unknown): asserts metadata is Record<string, string> {
  if (!isRecord(metadata)) throw damaged(`${METADATA} is ${JSON.stringify(metadata)}, not an object of texts`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw damaged(`${METADATA} ${quote(key)} is ${JSON.stringify(value)}, not a text`);
    }
  }
}

function readEntry(name: string, value: unknown): HeaderEntry {
  if (!isRecord(value)) throw damaged(`${quote(name)} is described by ${JSON.stringify(value)}, not by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype)) throw new WeightsError(unknownDType(name, dtype));
  checkExtents(name, shape);
  if (!isWholeNumbers(offsets) || offsets.length !== 2) {
    throw damaged(`the data_offsets of ${quote(name)} are ${JSON.stringify(offsets)}, not two whole numbers`);
  }
  const [begin, end] = offsets;
  const expected = sizeOf(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== expected) {
    throw damaged(
      `${quote(name)} takes bytes ${begin} to ${end}, which are ${end - begin}, and ${dtype} ${formatShape(shape)} is ${expected}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(entries: readonly HeaderEntry[], dataLength: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered)
      throw damaged(`${quote(name)} begins at byte ${begin}, inside a tensor that ends at ${covered}`);
    if (begin > covered) throw damaged(`bytes ${covered} to ${begin}, before ${quote(name)}, belong to no tensor`);
    covered = end;
  }
  if (covered > dataLength) throw damaged(`tensors take ${covered} bytes, and ${dataLength} follow the header`);
  if (covered < dataLength) throw damaged(`tensors take ${covered} of the ${dataLength} bytes after the header`);
}

function checkExtents(name: string, shape: unknown): asserts shape is number[] {
  if (!isWholeNumbers(shape) || !Number.isSafeInteger(sizeOf(shape))) {
    throw new WeightsError(
      `${quote(name)} has shape ${JSON.stringify(shape)}; every extent must be a whole number of at least 0, ` +
        'and their product countable.',
    );
  }
}

function isDType(value: unknown): value is SafetensorsDType {
  return typeof value === 'string' && Object.hasOwn(ARRAYS, value);
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number) => Number.isSafeInteger(number) && number >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownDType(name: string, dtype: unknown): string {
  return `${quote(name)} has dtype ${JSON.stringify(dtype)}, which is none of ${DTYPES.join(', ')}.`;
}

function damaged(finding: string): WeightsError {
  return new WeightsError(`Not a whole safetensors file: ${finding}; fetch or export it again.`);
}

function quote(name: string): string {
  return JSON.stringify(name);
}
