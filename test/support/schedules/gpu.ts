// Stands in for `#gpu` where tests run under another schedule: every kernel of every device goes through
// `exchangeRoles`.
import { acquireGpu as acquire } from '../../../src/engine/gpu-node.js';
import type { GpuProvider, GpuProviderOptions } from '../../../src/engine/gpu-provider.js';
import { rewriteKernels } from '../rewrite-kernels.js';
import { exchangeRoles, SCHEDULES, type Schedule } from './exchange-roles.js';

export { defaultTuningStore, missingAdapterRemedy } from '../../../src/engine/gpu-node.js';

function scheduleOfTests(): Schedule {
  const wanted = SCHEDULES.find((name) => name === process.env.SONDE_SCHEDULE);
  if (wanted) return wanted;
  throw new Error(`SONDE_SCHEDULE is ${process.env.SONDE_SCHEDULE}; give ${SCHEDULES.join(' or ')}.`);
}

export function acquireGpu(options: GpuProviderOptions = {}): GpuProvider | undefined {
  const provider = acquire(options);
  if (!provider) return undefined;
  const schedule = scheduleOfTests();
  return {
    ...provider,
    opened: (device) => {
      rewriteKernels(device, ({ code }) => exchangeRoles(code, schedule));
      provider.opened(device);
    },
  };
}
