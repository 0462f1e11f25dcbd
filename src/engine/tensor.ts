/// <reference lib="esnext.disposable" preserve="true" />
import { Float16Array } from '@petamoriken/float16';
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import type { Node, Trace } from './graph.js';
import type { Storage } from './memory-heap.js';
import { type DType, formatShape, type Shape, sizeOf, type TensorSpec } from './shape.js';

/** Where a tensor's values come from. */
export type Origin =
  /** Memory that somebody holds. */
  | { readonly kind: 'stored'; storage: Storage }
  /** An operation that has been recorded and not run. */
  | { readonly kind: 'recorded'; readonly node: Node; readonly output: number }
  /** An argument of a function being compiled. */
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'disposed' };

let nextId = 0;

/**
 * A value on a device: either memory, or a recorded operation that will compute it. Reading a recorded tensor with
 * {@link data} or {@link item} runs what it depends on and keeps the result.
 */
export class Tensor implements TensorSpec {
  readonly id = nextId++;
  /** A person's name for it, shown in errors and profiles. */
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
   * The values, row-major.
   * @throws TensorError for a disposed tensor, an argument of a function being compiled, or one of its intermediates.
   */
  async data(): Promise<Float32Array> {
    const bytes = await this.device.read(this);
    if (this.dtype === 'f32') return new Float32Array(bytes);
    if (this.dtype === 'f16') return Float32Array.from(new Float16Array(bytes, 0, this.size));
    return Float32Array.from(new Uint32Array(bytes));
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
   * @throws TensorError if the tensor is not stored or the length differs.
   */
  write(values: ArrayLike<number>): void {
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

  /** "2×3×4 f32", with the label where there is one. */
  toString(): string {
    const name = this.label ? `${this.label} ` : '';
    return `${name}${formatShape(this.shape)} ${this.dtype}`;
  }
}
