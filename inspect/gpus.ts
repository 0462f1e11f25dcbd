import { InspectError } from './inspect-error.js';
import type { Compiler } from './machine-code/index.js';

/** A GPU whose compiler runs on machines without one: Mesa's driver for it over a kernel device that does nothing. */
export interface Gpu {
  readonly name: string;
  readonly description: string;
  readonly compiler: Compiler;
  /** Variables that make the driver believe in the GPU, and print the machine code. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Invocations of the subgroups in which the driver runs kernels with matrix units; undefined where there are none.
   */
  readonly matrixSubgroup?: number;
}

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

function driver(shim: string, icd: string, others: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: `${LIBRARIES}/lib${shim}_noop_drm_shim.so`,
    VK_DRIVER_FILES: `/usr/share/vulkan/icd.d/${icd}_icd.json`,
    ...others,
  };
}

function nvidia(name: string, description: string, chipset: string): Gpu {
  const environment = driver('nouveau', 'nouveau', { NOUVEAU_CHIPSET: chipset });
  return { name, description, compiler: 'NAK', environment, matrixSubgroup: 32 };
}

function amd(name: string, description: string, matrixSubgroup?: number): Gpu {
  const environment = driver('amdgpu', 'radeon', { AMDGPU_GPU_ID: name });
  return { name, description, compiler: 'ACO', environment, matrixSubgroup };
}

/** What Debian's package mesa-drm-shim has devices for. It has none for Intel's driver. */
export const GPUS: readonly Gpu[] = [
  nvidia('turing', 'NVIDIA Turing, as in RTX 2080', '162'),
  nvidia('ampere', 'NVIDIA Ampere, as in RTX 3090', '172'),
  amd('navi10', 'AMD RDNA 1, RX 5700 XT'),
  amd('navi21', 'AMD RDNA 2, RX 6900 XT'),
  amd('navi31', 'AMD RDNA 3, RX 7900 XTX', 64),
  amd('gfx1201', 'AMD RDNA 4, RX 9070 XT', 64),
  {
    name: 'm1',
    description: 'Apple M1',
    compiler: 'AGX',
    environment: driver('asahi', 'asahi', { AGX_MESA_DEBUG: 'shaders' }),
  },
  {
    name: 'adreno',
    description: 'Qualcomm Adreno 740',
    compiler: 'ir3',
    environment: driver('freedreno', 'freedreno', { FD_GPU_ID: '740' }),
  },
];

/** @throws InspectError for a name that is not among {@link GPUS}. */
export function gpusNamed(list: string): readonly Gpu[] {
  if (list === 'all') return GPUS;
  return list.split(',').map((name) => {
    const gpu = GPUS.find((one) => one.name === name.trim());
    if (gpu) return gpu;
    throw new InspectError(
      `There is no compiler for the GPU "${name}"; choose among ${GPUS.map((one) => one.name).join(', ')}, or all.`,
    );
  });
}
