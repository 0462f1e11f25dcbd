import type { GpuProvider } from './gpu-provider.js';
import type { TuningStore } from './tuning.js';

/** WebGPU of the page or worker. The browser waits by itself, so there is nothing to schedule. */
export function acquireGpu(): GpuProvider | undefined {
  if (typeof navigator === 'undefined' || !navigator.gpu) return undefined;
  return { gpu: navigator.gpu, wait: (begin) => begin(), opened: () => {}, release: () => {} };
}

/** Nothing is written to a visitor's disk unless the page asks for it. */
export function defaultTuningStore(): TuningStore | undefined {
  return undefined;
}

export const missingAdapterRemedy =
  'use a browser with WebGPU (a current Chrome, Edge, Safari or Firefox) on a page served over https or localhost';
