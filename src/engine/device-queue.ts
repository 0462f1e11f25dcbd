/// <reference lib="esnext.disposable" preserve="true" />
import { BufferPool } from './buffer-pool.js';
import { DeviceError } from './errors.js';
import { FailureState } from './failure-state.js';
import type { GpuProvider } from './gpu-provider.js';
import { SubmissionOrder } from './submission-order.js';
import { BufferUsage, MapMode } from './usage.js';

/** The part of a device that speaks to WebGPU: commands and data in order, reading back, waiting, and errors. */
export class DeviceQueue {
  readonly limits: GPUSupportedLimits;
  /**
   * @internal Everything that touches the device's memory takes its turn here, or goes to {@link submit} and {@link
   * upload}.
   */
  readonly order = new SubmissionOrder((cause) =>
    this.failures.fail(new DeviceError(`a command failed: ${cause}`, { cause })),
  );
  /** Command buffers submitted so far. */
  submits = 0;
  /** @internal */
  protected readonly failures: FailureState;
  private readonly uniforms: BufferPool;
  private readonly staging: BufferPool;

  constructor(
    private readonly provider: GpuProvider,
    /**
     * The WebGPU device beneath. Its own queue does not wait for calls that are still being compiled: await them first.
     */
    readonly gpu: GPUDevice,
    /** Whether it is this one's to destroy. */
    private readonly owned: boolean,
  ) {
    this.limits = gpu.limits;
    this.uniforms = new BufferPool(gpu, 'uniforms', BufferUsage.UNIFORM | BufferUsage.COPY_DST);
    const staging = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    this.staging = new BufferPool(gpu, 'read-back', staging, KEPT_STAGING_BYTES);
    if (owned) provider.opened(gpu);
    this.failures = new FailureState(gpu, (begin) => provider.wait(begin));
  }

  /**
   * Releases the device. Its tensors cannot be used afterwards. A GPUDevice that was given to `openDevice` stays open.
   */
  close(): void {
    if (!this.failures.close()) return;
    if (this.owned) this.gpu.destroy();
    this.provider.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Before an operation: throws if the device cannot be used any more. */
  checkUsable(): void {
    this.failures.checkUsable();
  }

  /**
   * @internal Waits for a WebGPU promise without keeping a core busy. Ends with an error once the device is lost, since
   * browsers leave some promises of a lost device pending for ever.
   */
  wait<T>(begin: () => Promise<T>): Promise<T> {
    return this.failures.wait(begin);
  }

  /** @internal Pops the innermost error scope; an error in it fails the device's next read. */
  expectNoError(context: string, explain: (message: string) => Promise<string>): void {
    this.failures.expectNoError(context, explain);
  }

  /** @internal Submits, in its turn. */
  submit(encoder: GPUCommandEncoder): void {
    const commands = encoder.finish();
    this.order.run(() => {
      this.gpu.queue.submit([commands]);
      this.submits += 1;
    });
  }

  /** @internal Writes to a buffer, in its turn, what `data` holds now. */
  upload(buffer: GPUBuffer, offset: number, data: Uint32Array | Float32Array | Uint16Array): void {
    const kept = (this.order.waiting ? data.slice() : data) as typeof data & ArrayBufferView<ArrayBuffer>;
    this.order.run(() => this.gpu.queue.writeBuffer(buffer, offset, kept));
  }

  /** @internal Runs `make` and tells whether the device ran out of memory meanwhile. */
  async withinMemory<T>(make: () => T): Promise<{ value: T; error: GPUError | null }> {
    this.checkUsable();
    this.gpu.pushErrorScope('out-of-memory');
    const outcome = () => this.wait(() => this.gpu.popErrorScope());
    let value: T;
    try {
      value = make();
    } catch (failure) {
      await outcome();
      throw failure;
    }
    return { value, error: await outcome() };
  }

  /** @internal Keeps what checked mode finds for the next read. */
  addReport(report: Promise<void>): void {
    this.failures.addReport(report);
  }

  /** @internal */
  async readBuffer(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const staging = this.staging.take(bytes);
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    try {
      await this.order.turn(() => {
        this.submit(encoder);
        return this.wait(() => staging.mapAsync(MapMode.READ, 0, bytes));
      });
    } catch (cause) {
      staging.destroy();
      // wgpu rejects first, and tells a turn of the event loop later that it was for the loss of the device.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, LOSS_IS_TOLD_MS))]);
      await this.failures.settle();
      throw new DeviceError(`reading ${bytes} bytes back failed (${(cause as Error).message}); open a new device.`, {
        cause,
      });
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.staging.giveBack(staging);
    await this.failures.settle();
    return copy;
  }

  /** Waits until everything that the device was told so far has been executed. */
  async finished(): Promise<void> {
    this.checkUsable();
    await this.order.turn(() => this.idle());
    await this.failures.settle();
  }

  /**
   * @internal Waits until the device has executed what it was given, without what still waits for its turn. That a
   * device is lost meanwhile is for the next check to say.
   */
  async idle(): Promise<void> {
    await this.wait(() => this.gpu.queue.onSubmittedWorkDone()).catch(() => {});
  }

  /** @internal A uniform buffer of at least `bytes`. */
  borrowUniforms(bytes: number): GPUBuffer {
    return this.uniforms.take(bytes);
  }

  /** @internal */
  returnUniforms(buffer: GPUBuffer): void {
    this.uniforms.giveBack(buffer);
  }
}

/** How long an implementation may take to tell of a loss after what fails because of it. */
const LOSS_IS_TOLD_MS = 1000;

/** Larger buffers for reading back are not kept for the next time. */
const KEPT_STAGING_BYTES = 16 * 1024 * 1024;
