import type { GpuProvider } from './gpu-provider.js';

/** WebGPU of the page or worker. The browser waits by itself, so there is nothing to schedule. */
export function acquireGpu(): GpuProvider | undefined {
  if (typeof navigator === 'undefined' || !navigator.gpu) return undefined;
  return { gpu: navigator.gpu, wait: (begin) => begin(), release: () => {} };
}

export const missingAdapterRemedy =
  'use a browser with WebGPU (a current Chrome, Edge, Safari or Firefox) on a page served over https or localhost';
