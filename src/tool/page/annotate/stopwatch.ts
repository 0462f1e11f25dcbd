/** Idle time after which the clock stops. */
const IDLE_MILLISECONDS = 60_000;

/** A stopwatch per key: seconds that a person spends on each item, not counting idle time. */
export class Stopwatch {
  private readonly spent = new Map<string, number>();
  private key: string | undefined;
  private since = 0;
  private lastSign = 0;
  private paused = false;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(private readonly now: () => number) {}

  /** Starts timing another item, or none. */
  attend(key: string | undefined): void {
    this.settle();
    this.key = key;
    this.since = this.now();
    this.lastSign = this.since;
  }

  /** Pauses the clock while the page is hidden. */
  pause(): void {
    this.settle();
    this.paused = true;
  }

  /** Resumes the clock when the page is visible again. */
  resume(): void {
    this.paused = false;
    this.since = this.now();
    this.lastSign = this.since;
  }

  /** Records activity: a key press or pointer movement. */
  sign(): void {
    const now = this.now();
    if (now - this.lastSign > IDLE_MILLISECONDS) {
      this.settle();
      this.since = now;
    }
    this.lastSign = now;
  }

  /** Seconds spent on an item so far. */
  seconds(key: string): number {
    const running = key === this.key ? this.running() : 0;
    return ((this.spent.get(key) ?? 0) + running) / 1000;
  }

  private running(): number {
    if (this.paused) return 0;
    return Math.max(0, Math.min(this.now(), this.lastSign + IDLE_MILLISECONDS) - this.since);
  }

  private settle(): void {
    if (this.key !== undefined) this.spent.set(this.key, (this.spent.get(this.key) ?? 0) + this.running());
    this.since = this.now();
  }
}
