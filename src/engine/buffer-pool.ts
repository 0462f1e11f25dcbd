/**
 * Buffers of one use that are kept for the next. Their sizes are powers of two, so that nearly equal ones can stand in
 * for each other.
 */
export class BufferPool {
  private readonly kept = new Map<number, GPUBuffer[]>();

  /** @param mostBytes Larger buffers are of the size asked for, and not kept. */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly label: string,
    private readonly usage: GPUBufferUsageFlags,
    private readonly mostBytes = Number.POSITIVE_INFINITY,
  ) {}

  /** A buffer of at least `bytes`, with undefined contents. */
  take(bytes: number): GPUBuffer {
    const size = bytes <= this.mostBytes ? powerOfTwo(bytes) : bytes;
    return this.kept.get(size)?.pop() ?? this.gpu.createBuffer({ label: this.label, size, usage: this.usage });
  }

  giveBack(buffer: GPUBuffer): void {
    const { size } = buffer;
    if (size > this.mostBytes) {
      buffer.destroy();
      return;
    }
    const kept = this.kept.get(size);
    if (kept) kept.push(buffer);
    else this.kept.set(size, [buffer]);
  }
}

function powerOfTwo(bytes: number): number {
  return 2 ** Math.max(8, Math.ceil(Math.log2(bytes)));
}
