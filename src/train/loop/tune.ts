import type { Device, TuneOptions, TuneReport } from '../../index.js';
import type { TrainingConfig } from '../config/index.js';
import { buildModel } from '../predict/build.js';
import { matrixUnitsFor } from './precision.js';
import { TrainingStep } from './training-step.js';

/** Measures, for a configuration's training step, which kernels are the fastest on this device, and remembers them. */
export async function tuneTraining(
  device: Device,
  config: TrainingConfig,
  options: TuneOptions & { readonly note?: (text: string) => void } = {},
): Promise<TuneReport> {
  const matrixUnits = await matrixUnitsFor(device, config, options.note);
  const model = buildModel(device, config);
  const step = new TrainingStep(device, model, config, { matrixUnits });
  try {
    return await step.tune(options);
  } finally {
    step.dispose();
    model.dispose();
  }
}
