/** A source of WebGPU, and how to wait for it. One implementation per host: gpu-node.ts and gpu-browser.ts. */
export interface GpuProvider {
  readonly gpu: GPU;
  /** Calls `begin`, which starts one asynchronous WebGPU operation, and waits for it without keeping a core busy. */
  wait<T>(begin: () => Promise<T>): Promise<T>;
  /** Is told of the device that was opened, for a host that has to end it with the process. */
  opened(device: GPUDevice): void;
  /** Gives the provider back when the device opened from it is closed. */
  release(): void;
}

export interface GpuProviderOptions {
  /** Dawn toggles and options, as in `enable-dawn-features=allow_unsafe_apis`. Ignored in a browser. */
  readonly dawn?: readonly string[];
  /**
   * Ask also for what Dawn offers as an experiment: f16 on NVIDIA's cards and matrix units. Ignored in a browser, where
   * it is the user's to switch on. Default false.
   */
  readonly experimental?: boolean;
}
