import { DeviceError } from '../../../engine/errors.js';

export interface Attended<T> {
  /** Cancels the wait, for example if the user makes another choice. */
  readonly signal: AbortSignal;
  /** Message for work that makes no progress, given the seconds waited. */
  readonly stalled: (seconds: number) => string;
  /** Called with the result of the work if it arrives after the wait has ended. */
  readonly tooLate: (value: T) => void;
}

/** Milliseconds without progress after which work counts as stuck, on a GPU and on a slower software adapter. */
const PATIENCE = { gpu: 60_000, software: 300_000 };

/**
 * What comes of some work on a GPU, which a driver may never finish. The work says whenever it gets on, and is told
 * whether it is still waited for: what it has to tell afterwards would contradict what has been told since.
 *
 * @throws DeviceError if there is no progress; the reason of `signal`; and whatever the work throws
 */
export function attend<T>(
  work: (alive: (software?: boolean) => boolean) => Promise<T>,
  { signal, stalled, tooLate }: Attended<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let patience = PATIENCE.gpu;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const end = (settle: () => void) => {
      over = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      settle();
    };
    const abandon = () => end(() => reject(signal.reason));
    const alive = (software?: boolean) => {
      if (over) return false;
      if (software !== undefined) patience = software ? PATIENCE.software : PATIENCE.gpu;
      clearTimeout(timer);
      timer = setTimeout(() => end(() => reject(new DeviceError(stalled(patience / 1000)))), patience);
      return true;
    };
    if (signal.aborted) return abandon();
    signal.addEventListener('abort', abandon);
    alive();
    work(alive).then(
      (value) => (over ? tooLate(value) : end(() => resolve(value))),
      (error) => !over && end(() => reject(error)),
    );
  });
}
