import { constants } from 'node:os';

/** A command that was stopped from outside. */
export class Interrupted extends Error {
  /** @param remains What the command leaves behind, as in "nothing was written"; asked once it has ended. */
  constructor(
    readonly signal: 'SIGINT' | 'SIGTERM',
    private readonly remains: () => string,
  ) {
    super('stopped');
  }

  get sentence(): string {
    return `stopped; ${this.remains()}.`;
  }

  /** As shells report a process that a signal has ended: 130 for Ctrl-C. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/**
 * Runs `body` with a signal that aborts, with an {@link Interrupted} as its reason, at the first Ctrl-C or SIGTERM. The
 * second ends the process at once.
 *
 * @param remains What is left behind then, as in "nothing was written".
 */
export async function interruptible<T>(
  remains: string | (() => string),
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    restore();
    controller.abort(new Interrupted(signal, typeof remains === 'string' ? () => remains : remains));
  };
  const restore = () => process.off('SIGINT', stop).off('SIGTERM', stop);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await body(controller.signal);
  } finally {
    restore();
  }
}
