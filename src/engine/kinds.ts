// Kinds of arguments and options, of which functions declare what they take: see signature.ts.
import { isFloat } from './shape.js';
import { Tensor } from './tensor.js';

/** A kind of argument: a test of values, and the words for it in "give …". */
export interface Kind {
  readonly expected: string;
  accepts(value: unknown): boolean;
}

const kind = (expected: string, accepts: (value: unknown) => boolean): Kind => ({ expected, accepts });

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** May also be left out. */
export const optional = ({ expected, accepts }: Kind): Kind =>
  kind(expected, (value) => value === undefined || accepts(value));

export const either = (one: Kind, other: Kind): Kind =>
  kind(`${one.expected} or ${other.expected}`, (value) => one.accepts(value) || other.accepts(value));

export const anything = kind('anything', () => true);
export const tensor = kind('a tensor', (value) => value instanceof Tensor);
export const flag = kind('true or false', (value) => typeof value === 'boolean');
export const callable = kind('a function', (value) => typeof value === 'function');
export const text = kind('a string', (value) => typeof value === 'string');
/** Something with properties of its own, whose members are looked at where they are used. */
export const object = (expected: string, ...members: readonly string[]): Kind =>
  kind(expected, (value) => typeof value === 'object' && value !== null && members.every((member) => member in value));
/** A device, without importing what itself declares its arguments here. */
export const device = object('a device, as openDevice opens it', 'gpu', 'heap');

/** A stream of random draws; its class is not imported for the same reason. */
export const generator = object('a generator, as in { generator: device.generator(seed) }', 'next', 'state');

/** A number other than NaN. */
export const number = kind('a number', (value) => isNumber(value) && !Number.isNaN(value));
/** Any number: as data NaN is a value like others. */
export const scalar = kind('a number', isNumber);
export const finite = kind('a finite number', (value) => Number.isFinite(value));
export const positive = kind(
  'a positive number',
  (value) => isNumber(value) && value > 0 && value < Number.POSITIVE_INFINITY,
);
export const atLeastZero = kind(
  'a number of at least 0',
  (value) => isNumber(value) && value >= 0 && Number.isFinite(value),
);
/** A number in [0, 1), such as a rate of decay. */
export const rate = kind('a number from 0 to below 1', (value) => isNumber(value) && value >= 0 && value < 1);
export const share = kind('a number from 0 to 1', (value) => isNumber(value) && value >= 0 && value <= 1);
export const whole = (least: number): Kind =>
  kind(`a whole number of at least ${least}`, (value) => Number.isInteger(value) && (value as number) >= least);
export const safeInteger = kind('a whole number below 2⁵³', (value) => Number.isSafeInteger(value));
export const integer = kind('a whole number', (value) => Number.isInteger(value));

export const oneOf = (...values: readonly unknown[]): Kind =>
  kind(values.map(describe).join(' or '), (value) => values.includes(value));

export const typed = (...types: readonly (new () => ArrayBufferView)[]): Kind =>
  kind(`a ${types[0].name}`, (value) => types.some((type) => value instanceof type));

/** Arrays, typed ones included. */
export const list = (items: string, item: Kind, { least = 0, most = Number.POSITIVE_INFINITY } = {}): Kind =>
  kind(
    `an array of ${items}`,
    (value) =>
      isList(value) &&
      value.length >= least &&
      value.length <= most &&
      Array.prototype.every.call(value, (entry) => item.accepts(entry)),
  );
/** An f32 tensor, for functions of which no single operation declares its types: see operands.ts. */
export const f32 = kind('an f32 tensor', (value) => value instanceof Tensor && value.dtype === 'f32');
export const float = kind('an f32 or f16 tensor', (value) => value instanceof Tensor && isFloat(value.dtype));
/** Whole numbers that point at places. */
export const indices = kind(
  "an i32 or u32 tensor, as cast(x, 'i32') makes it",
  (value) => value instanceof Tensor && (value.dtype === 'i32' || value.dtype === 'u32'),
);
export const dtype = oneOf('f32', 'f16', 'i32', 'u32', 'bool');
export const tensors = list('tensors', tensor);
/** Tensors that lie side by side in an arena, such as parameters and their gradients. */
export const learnable = list('f32 tensors', f32);
export const axes = list('whole numbers', integer);
/** Extents, each at least 1. */
export const shape = list('whole numbers of at least 1', whole(1));
const isPairOf = (value: unknown, item: Kind): boolean =>
  isList(value) && value.length === 2 && item.accepts(value[0]) && item.accepts(value[1]);
export const two = (item: Kind): Kind =>
  kind(`[height, width], each ${item.expected}`, (value) => isPairOf(value, item));
/** One for both axes of an image, or [height, width]. */
export const pair = (item: Kind): Kind =>
  kind(`${item.expected}, or [height, width] of such`, (value) => item.accepts(value) || isPairOf(value, item));

/** Arrays, typed ones, and whatever else has elements and their number. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { length?: unknown }).length === 'number';
}

/** A value as a sentence can name it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `the BigInt ${value}n`;
  if (value instanceof Tensor) return `a tensor (${value})`;
  if (value instanceof Promise) return 'a promise, which must be awaited';
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map(describe);
    return `[${shown.join(', ')}${value.length > shown.length ? ', …' : ''}]`;
  }
  if (typeof value === 'object' && value !== null) return `of type ${value.constructor?.name ?? 'Object'}`;
  return String(value);
}
