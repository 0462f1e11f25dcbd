/// <reference lib="esnext.disposable" preserve="true" />
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { fromFloat16 } from './float16.js';
import type { Node, Trace } from './graph.js';
import type { Storage } from './memory-heap.js';
import { type DType, formatShape, type Shape, sizeOf, type TensorSpec } from './shape.js';
import type { Values } from './values.js';

/** The source of a tensor's values. */
export type Origin =
  /** Memory that somebody holds. */
  | { readonly kind: 'stored'; storage: Storage }
  /** An operation that has been recorded and not run. */
  | { readonly kind: 'recorded'; readonly node: Node; readonly output: number }
  /** An argument of a function being compiled. */
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'disposed' };

let nextId = 0;

/** A tensor whose element type the compiler knows: `data` of a `TensorOf<'u32'>` is a `Uint32Array`. */
export type TensorOf<D extends DType> = Tensor & { readonly dtype: D };

/** The arrays that hold values in JavaScript, by type. */
export interface Arrays {
  readonly f32: Float32Array;
  readonly f16: Float32Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly bool: Uint8Array;
}

/**
 * The array that holds values of a type in JavaScript. A `Tensor` of which nothing is known is taken to be of floats.
 */
export type ArrayOf<D extends DType> = DType extends D ? Float32Array : Arrays[D];

/**
 * A value on a device: either memory, or a recorded operation that will compute it. Reading a recorded tensor with
 * {@link data} or {@link item} runs what it depends on and keeps the result.
 *
 * JavaScript's operators know nothing of it: `x + y`, `x < 1` and `x == 1` throw, but a condition (`if (x)`, `x ? a :
 * b`, `x && y`) does not ask what an object is worth and is always true. Read a number with `await x.item()` first.
 */
export class Tensor implements TensorSpec {
  readonly id = nextId++;
  /** A readable name, shown in errors and profiles. */
  label: string | undefined;
  /** @internal The stored tensors from which a value was computed whose operation is forgotten. */
  computedFrom: readonly WeakRef<Tensor>[] | undefined;

  /** @internal Tensors are made by a device or by an operation. */
  constructor(
    readonly device: Device,
    readonly shape: Shape,
    readonly dtype: DType,
    /** @internal */
    public origin: Origin,
    /** @internal The compiled function being traced when it was recorded. */
    readonly trace: Trace | undefined = undefined,
  ) {
    if (origin.kind === 'stored') device.watch(this, origin.storage);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get disposed(): boolean {
    return this.origin.kind === 'disposed';
  }

  /**
   * The values, row-major: a `Float32Array` for f32 and f16, an `Int32Array` for i32, a `Uint32Array` for u32, and for
   * bool a `Uint8Array` of 0 and 1.
   * @throws TensorError for a disposed tensor, an argument of a function being compiled, or one of its intermediates.
   */
  async data(): Promise<ArrayOf<this['dtype']>> {
    const bytes = await this.device.read(this);
    return READERS[this.dtype](bytes, this.size) as ArrayOf<this['dtype']>;
  }

  /** The one value of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new TensorError(
        `item: the tensor has ${this.size} values (shape ${formatShape(this.shape)}); item() reads one, data() reads all.`,
      );
    }
    const [value] = await this.data();
    return value;
  }

  /**
   * Replaces the values of a stored tensor from JavaScript, without a new allocation.
   * @throws TensorError if the tensor is not stored, the number of values differs, or one is not a number or not a
   *   value of its type.
   */
  write(values: Values): void {
    this.device.write(this, values);
  }

  /** Gives the memory back. Using the tensor afterwards is an error; disposing twice is not. */
  dispose(): void {
    if (this.origin.kind === 'stored') this.device.release(this, this.origin.storage);
    this.origin = { kind: 'disposed' };
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * The conversion that JavaScript makes where a tensor stands in a template, or beside an operator.
   * @throws TensorError for an operator: the result would be text or NaN.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new TensorError(
      `a tensor (${this}) is an operand of a JavaScript operator, such as +, < or ==; use add, greater, equal and ` +
        'the like, or read its value with await item() first.',
    );
  }

  /** "2×3×4 f32", with the label where there is one. */
  toString(): string {
    const name = this.label ? `${this.label} ` : '';
    return `${name}${formatShape(this.shape)} ${this.dtype}`;
  }
}

const READERS: { readonly [D in DType]: (bytes: ArrayBuffer, size: number) => Arrays[D] } = {
  f32: (bytes) => new Float32Array(bytes),
  f16: (bytes, size) => fromFloat16(new Uint16Array(bytes, 0, size)),
  i32: (bytes) => new Int32Array(bytes),
  u32: (bytes) => new Uint32Array(bytes),
  bool: (bytes) => Uint8Array.from(new Uint32Array(bytes)),
};
