/** Something that a device has been told to do and has not done yet. */
interface Turn {
  /** A promise to wait for, asked for when everything before it has run. */
  readonly ready: () => Promise<unknown> | undefined;
  readonly run: () => void;
  readonly fail: (error: unknown) => void;
}

const nothing = () => undefined;

/**
 * The order in which a device was told things. A call of a compiled function may have to wait for its pipelines;
 * whatever the device is told meanwhile (writes, reads, other calls) waits behind it, so that each finds the memory as
 * those before it leave it. While nothing waits, everything runs at once and nothing is kept.
 *
 * Only what touches the device's memory takes a turn. Memory is allocated and given back at once: a buffer that
 * something waiting still reads may have a new owner already, whose writes come in a later turn.
 */
export class SubmissionOrder {
  private readonly turns: Turn[] = [];
  private running = false;

  /** @param onFailure Told what an action of `run` throws, where it had to wait and its caller is gone. */
  constructor(private readonly onFailure: (error: unknown) => void = nothing) {}

  /** Whether what comes now has to wait. What an action itself asks for is part of its turn. */
  get waiting(): boolean {
    return this.turns.length > 0 && !this.running;
  }

  /** Runs `action` in its turn: now, unless something waits. */
  run(action: () => void): void {
    if (this.waiting) this.turns.push({ ready: nothing, run: action, fail: this.onFailure });
    else action();
  }

  /**
   * Runs `action` in its turn, as soon as what `ready` returns then has come: at once, if nothing waits and it returns
   * nothing. Whatever comes later waits. If the promise is rejected, `action` does not run.
   *
   * @param ready Must not wait for anything that takes a turn itself.
   * @returns What `action` returns, or the error of either.
   */
  turn<T>(action: () => T | Promise<T>, ready: Turn['ready'] = nothing): Promise<T> {
    return new Promise((resolve, reject) => {
      this.turns.push({ ready, run: () => resolve(action()), fail: reject });
      if (this.turns.length === 1) this.proceed();
    });
  }

  private async proceed(): Promise<void> {
    for (let turn = this.turns[0]; turn; turn = this.turns[0]) {
      try {
        const needed = turn.ready();
        // Only where there is something to wait for: all else happens within the caller's call.
        if (needed) await needed;
        this.running = true;
        turn.run();
      } catch (error) {
        turn.fail(error);
      } finally {
        this.running = false;
      }
      this.turns.shift();
    }
  }
}
