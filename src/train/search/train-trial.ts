import type { Device } from '../../index.js';
import type { TrainingCases } from '../dataset/index.js';
import { runTraining } from '../loop/index.js';
import type { ProgressStream } from '../progress/index.js';
import { MetricsLog } from '../run-folder/index.js';
import { epochScoresSchema } from './objective.js';
import type { TrialRunner } from './search.js';

/**
 * Runs trials by training on these cases. A trial's folder is one of a training run, and an interrupted one resumes
 * with the same bits.
 *
 * @param stream Where progress is shown.
 * @param signal Stops training after the step that is under way, by throwing its reason.
 */
export function trainingRunner(
  device: Device,
  data: TrainingCases,
  stream: ProgressStream,
  signal?: AbortSignal,
): TrialRunner {
  return async ({ config, out, resume, epochEnded }) => {
    // Of a run that was stopped, an earlier process may have told some epochs or none; the metrics have them all.
    let told = 0;
    const tell = async () => {
      let stop = false;
      for (const line of await new MetricsLog(out).read()) {
        const scores = epochScoresSchema.parse(line);
        if (scores.epoch <= told) continue;
        told = scores.epoch;
        stop = await epochEnded(scores);
      }
      return stop;
    };
    // Who wants to know how sure a model is trains with the best settings anyway.
    await runTraining({ device, data, config, out, stream, resume, signal, stopAfter: tell, calibrate: false });
    await tell();
  };
}
