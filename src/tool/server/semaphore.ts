/** A semaphore with a fair queue: a permit that is released goes to whoever has waited longest. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  /** @param permits Number of permits that are free. */
  constructor(private permits: number) {}

  /**
   * Waits for a permit.
   *
   * @param signal Cancels the wait; its reason is thrown.
   * @returns function that releases the permit, to be called once
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.permits > 0) this.permits -= 1;
    else await this.turn(signal);
    return () => this.release();
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      const cancel = () => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.waiting.push(take);
    });
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.permits += 1;
  }
}
