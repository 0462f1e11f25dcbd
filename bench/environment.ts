import { availableParallelism } from 'node:os';
import { describeSoftware, type SoftwareEnvironment } from '../src/train/run-folder/environment.js';

/** Where and on what a report was made. */
export interface Environment extends SoftwareEnvironment {
  readonly cores: number;
  /** What names the Vulkan driver, where something does. */
  readonly driver: string | null;
  /** Whether the driver was told to forget compiled shaders, so that first calls are cold. */
  readonly shaderCache: 'disabled' | 'as it was';
}

export function describeEnvironment(): Environment {
  return {
    ...describeSoftware(),
    cores: availableParallelism(),
    driver: process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? null,
    shaderCache: process.env.MESA_SHADER_CACHE_DISABLE === 'true' ? 'disabled' : 'as it was',
  };
}
