import { type ProgressStream, TrainingProgress } from '../progress/index.js';
import type { TrainingEvents } from './training-input.js';

/** A compilation says how far it is when this has gone by since it last did. Milliseconds. */
const QUIET = 5000;

/**
 * Lines about what comes before the first step, then the progress of the steps. The first step is not timed with the
 * others: software drivers compile kernels when they first run them, which takes longer than many steps.
 *
 * @param epochs Of the whole run.
 * @returns What `train` reports to, and how to end the display.
 */
export function openTrainingDisplay(
  stream: ProgressStream,
  epochs: number,
): { readonly events: Required<TrainingEvents>; readonly close: () => void } {
  let progress: TrainingProgress | undefined;
  let position = { epoch: 0, done: 0, total: 0 };
  let begun = 0;
  let lastWord = 0;
  const secondsSince = (time: number) => ((performance.now() - time) / 1000).toFixed(1);
  const events: Required<TrainingEvents> = {
    compiling: (done, total) => {
      if (done === total) {
        stream.write(`${total} kernels compiled after ${secondsSince(begun)} s; taking the first step\n`);
      } else if (performance.now() - lastWord > QUIET) {
        stream.write(`compiling kernels: ${done} of ${total}\n`);
        lastWord = performance.now();
      }
    },
    note: (text) => stream.write(`note: ${text}\n`),
    beginEpoch: (epoch, { done, total }) => {
      position = { epoch, done, total };
      begun = performance.now();
      lastWord = begun;
      progress?.startEpoch();
    },
    step: (step) => {
      if (progress) {
        progress.step(step);
        return;
      }
      stream.write(`first step done after ${secondsSince(begun)} s\n`);
      const { epoch, done, total } = position;
      progress = new TrainingProgress({
        stream,
        epochs,
        stepsPerEpoch: total,
        epochsDone: epoch - 1,
        stepsDone: done,
      });
      progress.startEpoch();
      progress.step({ ...step, images: 0 });
    },
    endEpoch: (metrics, meanApd) => {
      // A run that was interrupted after the last step of an epoch resumes with its validation.
      progress ??= new TrainingProgress({
        stream,
        epochs,
        stepsPerEpoch: position.total,
        epochsDone: position.epoch,
      });
      progress.endEpoch({ ...metrics, apd: metrics.validationApd, meanApd });
    },
  };
  return { events, close: () => progress?.stop() };
}
