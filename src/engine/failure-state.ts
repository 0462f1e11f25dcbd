import { DeviceError, ShaderError, type SondeError } from './errors.js';

const CLOSED = 'the device has been closed; open a new one.';

/** The errors of a device: the first that occurred, and the checks that are still pending. */
export class FailureState {
  private failure: { readonly error: SondeError; readonly afterwards: SondeError } | undefined;
  /** The error of everything that waits for a device that is lost. */
  private lost: SondeError | undefined;
  /** Rejections of what waits for the device. */
  private readonly waiting = new Set<(error: SondeError) => void>();
  private readonly pendingChecks = new Set<Promise<void>>();
  /** Findings of checked mode, for the next read. */
  private reports: Promise<void>[] = [];

  /** @param waitFor Waits for a WebGPU promise without keeping a core busy. */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly waitFor: <T>(begin: () => Promise<T>) => Promise<T>,
  ) {
    gpu.lost.then(({ reason, message }) => {
      const lost = new DeviceError(`the device was lost (${message || reason}); open a new one.`);
      this.fail(lost, lost);
      this.lost = this.failure?.error ?? lost;
      for (const reject of this.waiting) reject(this.lost);
      this.waiting.clear();
    });
    // A device that others use too may have a listener of theirs.
    const others = gpu.onuncapturederror;
    gpu.onuncapturederror = (event) => {
      others?.call(gpu, event);
      const { error } = event;
      const outOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
      const failure = outOfMemory
        ? new DeviceError(`the device is out of memory (${error.message}); use a smaller batch or size.`)
        : new ShaderError(`the driver rejected a command: ${error.message}`);
      // A kernel that was rejected reports that by itself, and may do so later than what follows from it.
      this.check(Promise.all(this.pendingChecks).then(() => this.fail(failure)));
    };
  }

  /**
   * Keeps the first failure; later ones are its consequences.
   * @param afterwards What is said to those who use the device later.
   */
  fail(
    error: SondeError,
    afterwards: SondeError = new DeviceError(
      `the device is unusable since an earlier error; open a new one. ${error.message}`,
      { cause: error },
    ),
  ): void {
    this.failure ??= { error, afterwards };
  }

  /** Marks the device as closed. @returns Whether it was open. */
  close(): boolean {
    if (this.failure?.error.message === CLOSED) return false;
    const closed = new DeviceError(CLOSED);
    this.failure = { error: closed, afterwards: closed };
    return true;
  }

  /** Before an operation: throws if the device cannot be used any more. */
  checkUsable(): void {
    if (this.failure) throw this.failure.afterwards;
  }

  /** After an operation: throws what went wrong on the device meanwhile. */
  async settle(): Promise<void> {
    await Promise.all(this.pendingChecks);
    if (this.failure) throw this.failure.error;
  }

  /** See `Device.wait`. */
  wait<T>(begin: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settled = this.waitFor(begin).then(resolve, reject);
      // A race with one promise that lasts as long as the device would keep everything that was ever waited for.
      this.waiting.add(reject);
      settled.then(() => this.waiting.delete(reject));
      if (this.lost) reject(this.lost);
    });
  }

  /** See `Device.expectNoError`. */
  expectNoError(context: string, explain: (message: string) => Promise<string>): void {
    const popped = this.wait(() => this.gpu.popErrorScope()).catch(() => null);
    this.check(
      popped.then(async (error) => {
        if (error) this.fail(new ShaderError(`${context}: ${await explain(error.message)}`));
      }),
    );
  }

  private check(outcome: Promise<void>): void {
    const check = outcome.then(() => {
      this.pendingChecks.delete(check);
    });
    this.pendingChecks.add(check);
  }

  /** See `Device.addReport`. */
  addReport(report: Promise<void>): void {
    // Marked as handled: the reader who asks next gets the error.
    report.catch(() => {});
    this.reports.push(report);
  }

  /** Throws the first of what checked mode has found since the last read. */
  async settleReports(): Promise<void> {
    const reports = this.reports;
    this.reports = [];
    for (const report of reports) await report;
  }
}
