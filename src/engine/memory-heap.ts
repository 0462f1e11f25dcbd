import { DeviceError, LimitError } from './errors.js';
import { guardWords } from './guard.js';
import { SubmissionOrder } from './submission-order.js';
import { BufferUsage } from './usage.js';

/** A GPU buffer that the heap owns. Several storages can lie in one allocation. */
export interface Allocation {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Storages that live in it. At zero it goes back to the heap. */
  users: number;
}

/** Identity and age of a stretch of memory. Tensors that overlap share one. */
export interface Region {
  /** Time of the last write, so that an operation recorded before it does not read what came after. */
  writtenAt: number;
}

/** A range of an allocation that holds one tensor. */
export interface Storage {
  readonly allocation: Allocation;
  readonly offset: number;
  readonly bytes: number;
  readonly region: Region;
  /** Checked mode: whether a guard lies right behind it. */
  readonly guarded: boolean;
}

const SMALL_BYTES = 256;
const SLAB_BYTES = 256 * 1024;
/** Freed buffers kept for reuse. Beyond this they are destroyed. */
const KEEP_BYTES = 512 * 1024 * 1024;

/** Values are bound as vec4s. */
const VECTOR_BYTES = 16;

/** Rounds up so that any value can be bound as vec4s. */
export function bindingBytes(bytes: number): number {
  return Math.max(VECTOR_BYTES, Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES);
}

/**
 * Memory that people hold: parameters, inputs, results. Freed buffers are kept by size and handed out again, so a
 * loop that disposes what it makes creates no buffers. Scalars share slabs: a training loop returns one per step.
 */
export class Heap {
  private readonly free = new Map<number, Allocation[]>();
  private freeBytes = 0;
  private readonly slabs = new Set<Allocation>();
  private readonly slabSlots: { allocation: Allocation; offset: number }[] = [];
  private liveBytes = 0;
  private liveBuffers = 0;
  private salts = 0;

  constructor(
    private readonly device: GPUDevice,
    /** Bytes beyond each value that checked mode fills with words that no kernel may touch. */
    readonly guardBytes: number,
    /** Where what touches buffers takes its turn: something that waits may still need one that is given back. */
    private readonly order = new SubmissionOrder(),
  ) {}

  /** Bytes and buffers that exist now, in use or kept for reuse. */
  statistics(): { bytes: number; buffers: number; freeBytes: number } {
    return { bytes: this.liveBytes, buffers: this.liveBuffers, freeBytes: this.freeBytes };
  }

  /** Room for `bytes`; contents undefined. */
  allocate(bytes: number, label: string): Storage {
    const size = bindingBytes(bytes);
    if (size <= SMALL_BYTES && this.guardBytes === 0) return this.allocateSmall(size);
    return this.allocateWhole(bytes, label);
  }

  /** A whole buffer, at least `bytes` long, with no users yet: the caller counts them, or calls `releaseBuffer`. */
  allocateBuffer(bytes: number, label: string): Allocation {
    const rounded = roundForReuse(bytes);
    const kept = this.free.get(rounded)?.pop();
    if (kept) {
      this.freeBytes -= rounded;
      return kept;
    }
    if (rounded > this.device.limits.maxBufferSize) {
      throw new LimitError(
        `${label}: ${rounded} bytes exceed the adapter's largest buffer, ${this.device.limits.maxBufferSize}; ` +
          'use a smaller batch or size.',
      );
    }
    let buffer: GPUBuffer;
    try {
      buffer = this.device.createBuffer({
        label,
        size: rounded,
        usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
      });
    } catch (cause) {
      throw new DeviceError(`${label}: the device gave no buffer of ${rounded} bytes.`, { cause });
    }
    this.liveBytes += rounded;
    this.liveBuffers += 1;
    return { buffer, bytes: rounded, users: 0 };
  }

  /** Checked mode: a number that tells one guard from the others. */
  nextSalt(): number {
    this.salts += 1;
    return this.salts;
  }

  /**
   * Checked mode: fills what lies behind a value that is bound with `size` bytes, with words that no kernel may touch.
   * What rounding added to the value is among them, as long as nothing is written there.
   */
  writeGuard(buffer: GPUBuffer, size: number): void {
    const start = size - VECTOR_BYTES;
    const words = guardWords(this.nextSalt(), start / 4, (VECTOR_BYTES + this.guardBytes) / 4);
    this.order.run(() => this.device.queue.writeBuffer(buffer, start, words));
  }

  /** Room for `bytes` in a buffer of its own, for results that kernels write directly. */
  allocateWhole(bytes: number, label: string): Storage {
    const size = bindingBytes(bytes);
    const allocation = this.allocateBuffer(size + this.guardBytes, label);
    allocation.users = 1;
    if (this.guardBytes > 0) this.writeGuard(allocation.buffer, size);
    return { allocation, offset: 0, bytes: size, region: { writtenAt: 0 }, guarded: this.guardBytes > 0 };
  }

  /** A storage within `whole`: the same memory, kept alive by either. */
  share(whole: Storage, offset: number, bytes: number): Storage {
    whole.allocation.users += 1;
    const { allocation, region } = whole;
    return { allocation, offset: whole.offset + offset, bytes, region, guarded: false };
  }

  /** Whether a storage lies in a buffer that other tensors use too. */
  isShared(storage: Storage): boolean {
    return this.slabs.has(storage.allocation);
  }

  release(storage: Storage): void {
    const { allocation } = storage;
    if (this.slabs.has(allocation)) {
      this.slabSlots.push({ allocation, offset: storage.offset });
      return;
    }
    allocation.users -= 1;
    if (allocation.users === 0) this.releaseBuffer(allocation);
  }

  releaseBuffer(allocation: Allocation): void {
    if (this.freeBytes + allocation.bytes > KEEP_BYTES) {
      this.destroy(allocation);
      return;
    }
    const kept = this.free.get(allocation.bytes) ?? [];
    kept.push(allocation);
    this.free.set(allocation.bytes, kept);
    this.freeBytes += allocation.bytes;
  }

  /**
   * Destroys the buffers that are kept for reuse. Called when the device has run out of memory: it may need theirs, and
   * one that it could not provide must not be handed out again.
   */
  trim(): void {
    for (const kept of this.free.values()) {
      for (const allocation of kept) this.destroy(allocation);
    }
    this.free.clear();
    this.freeBytes = 0;
  }

  private destroy({ buffer, bytes }: Allocation): void {
    this.order.run(() => buffer.destroy());
    this.liveBytes -= bytes;
    this.liveBuffers -= 1;
  }

  private allocateSmall(bytes: number): Storage {
    let slot = this.slabSlots.pop();
    if (!slot) {
      const allocation = this.allocateBuffer(SLAB_BYTES, 'scalars');
      this.slabs.add(allocation);
      for (let offset = SLAB_BYTES - SMALL_BYTES; offset >= 0; offset -= SMALL_BYTES) {
        this.slabSlots.push({ allocation, offset });
      }
      slot = this.slabSlots.pop();
    }
    if (!slot) throw new DeviceError('scalars: no slot in a fresh slab.');
    return { ...slot, bytes, region: { writtenAt: 0 }, guarded: false };
  }
}

/** Sizes are rounded to 1/8 of their power of two, so that buffers of nearly equal size can be reused. */
function roundForReuse(bytes: number): number {
  if (bytes <= 4096) return Math.ceil(bytes / 256) * 256;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
