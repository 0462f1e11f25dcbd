/** After so long without a sign of the person, time is not counted. */
const IDLE_MILLISECONDS = 60_000;

/** Seconds that a person spends on each of many things, told apart by a key. Time of absence does not count. */
export class Stopwatch {
  private readonly spent = new Map<string, number>();
  private key: string | undefined;
  private since = 0;
  private lastSign = 0;
  private paused = false;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(private readonly now: () => number) {}

  /** Turns to another thing, or to none. */
  attend(key: string | undefined): void {
    this.settle();
    this.key = key;
    this.since = this.now();
    this.lastSign = this.since;
  }

  /** The page is out of sight. */
  pause(): void {
    this.settle();
    this.paused = true;
  }

  /** It is in sight again. */
  resume(): void {
    this.paused = false;
    this.since = this.now();
    this.lastSign = this.since;
  }

  /** A key was pressed or the pointer moved. */
  sign(): void {
    const now = this.now();
    if (now - this.lastSign > IDLE_MILLISECONDS) {
      this.settle();
      this.since = now;
    }
    this.lastSign = now;
  }

  /** Seconds spent on a thing so far. */
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
