/** Lets so many through at a time, in the order in which they came: a place that becomes free goes to whoever has waited longest. */
export class Turnstile {
  private readonly waiting: (() => void)[] = [];

  /** @param free Places. */
  constructor(private free: number) {}

  /**
   * Waits for a place.
   *
   * @param signal Gives up waiting, by throwing its reason.
   * @returns To be called, once, when the place is free again.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.free > 0) this.free -= 1;
    else await this.turn(signal);
    return () => this.leave();
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(take);
    });
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}
