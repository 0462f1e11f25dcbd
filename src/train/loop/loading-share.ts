import type { Device } from '../../index.js';
import { percent } from '../metrics/percent.js';
import { type Batch, type BatchLoader, timeLoading } from './batch-loader.js';

/**
 * Tells once how much of a step's time the making of its batch would take by itself. The steps are timed from the end
 * of one to the end of the next, without a process's first, in which kernels are compiled.
 */
export class LoadingShare {
  /** When the step before had ended; none before the first of an epoch or of the process. */
  private before: number | undefined;
  private milliseconds = 0;
  private steps = 0;
  private told = false;

  /** @param note Is told; without it nothing is measured. */
  constructor(
    private readonly device: Device,
    private readonly loader: BatchLoader,
    private readonly note: ((text: string) => void) | undefined,
  ) {}

  /** Something else than steps follows. */
  pause(): void {
    this.before = undefined;
  }

  /** @param now When a step has ended, milliseconds. */
  step(now: number): void {
    if (this.before !== undefined) {
      this.milliseconds += now - this.before;
      this.steps += 1;
    }
    this.before = now;
  }

  /** Measures and tells, as soon as steps have been timed. @param batch One to measure with. */
  async report(batch: Batch): Promise<void> {
    if (this.told || this.note === undefined || this.steps === 0) return;
    this.told = true;
    const own = await timeLoading(this.device, this.loader, batch);
    const step = this.milliseconds / this.steps;
    const share = `${percent(own / step)} of a step of ${shown(step)} ms`;
    this.note(
      this.loader.place === 'device'
        ? `a batch is made on the device in ${shown(own)} ms, ${share}`
        : `a batch is made on the CPU in ${shown(own)} ms, ${share}, during the previous step`,
    );
  }
}

function shown(milliseconds: number): string {
  return milliseconds < 100 ? milliseconds.toPrecision(2) : milliseconds.toFixed(0);
}
