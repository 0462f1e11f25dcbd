import { type Gpu, gpusNamed } from './gpus.js';
import { InspectError } from './inspect-error.js';

/** What a chip can do at best, as its data sheet says. */
export interface Chip {
  readonly name: string;
  readonly description: string;
  /** The GPU whose compiler stands for its own. */
  readonly gpu: string;
  /** Multiprocessors, compute units, or whatever has workgroup memory of its own. */
  readonly cores: number;
  /** Invocations for which a core issues an instruction in each clock. */
  readonly lanes: number;
  /** GHz. */
  readonly clock: number;
  /**
   * TFLOP/s of products of f16 summed in f32, at the rate that instructions on registers reach; undefined without
   * matrix units.
   */
  readonly matrix?: number;
  /** GB/s. */
  readonly bandwidth: number;
  /** Bytes that a core reads from its workgroup memory in each clock. */
  readonly workgroupBytes: number;
  /** Parts of a core that each hold the number of subgroups that the compiler gives as occupancy. */
  readonly schedulers: number;
  /** Microseconds until a load from memory has arrived. No data sheet tells; rounded from published measurements. */
  readonly latency: number;
  /** Microseconds between dispatches that depend on each other: assumed. */
  readonly launch: number;
}

export const CHIPS: readonly Chip[] = [
  {
    ...{ name: 'rtx-4090', description: 'NVIDIA GeForce RTX 4090', gpu: 'ampere', cores: 128, lanes: 128, clock: 2.52 },
    ...{ matrix: 165, bandwidth: 1008, workgroupBytes: 128, schedulers: 1, latency: 0.5, launch: 3 },
  },
  {
    // 989 TFLOP/s take instructions that read operands from workgroup memory, which no WGSL leads to.
    ...{ name: 'h200', description: 'NVIDIA H200', gpu: 'ampere', cores: 132, lanes: 128, clock: 1.98 },
    ...{ matrix: 610, bandwidth: 4800, workgroupBytes: 128, schedulers: 1, latency: 0.6, launch: 3 },
  },
  {
    ...{ name: 'rx-7900-xtx', description: 'AMD Radeon RX 7900 XTX', gpu: 'navi31', cores: 96, lanes: 64, clock: 2.5 },
    ...{ matrix: 123, bandwidth: 960, workgroupBytes: 128, schedulers: 2, latency: 0.5, launch: 3 },
  },
  {
    ...{ name: 'm1', description: 'Apple M1, eight GPU cores', gpu: 'm1', cores: 8, lanes: 128, clock: 1.278 },
    ...{ bandwidth: 68, workgroupBytes: 128, schedulers: 1 / 32, latency: 0.4, launch: 5 },
  },
  {
    ...{ name: 'adreno-740', description: 'Qualcomm Adreno 740', gpu: 'adreno', cores: 6, lanes: 256, clock: 0.68 },
    ...{ bandwidth: 67, workgroupBytes: 128, schedulers: 1, latency: 0.6, launch: 10 },
  },
];

/** @throws InspectError for a name that is not among {@link CHIPS}. */
export function chipsNamed(list: string): readonly Chip[] {
  if (list === 'all') return CHIPS;
  return list.split(',').map((name) => {
    const chip = CHIPS.find((one) => one.name === name.trim());
    if (chip) return chip;
    throw new InspectError(
      `There are no figures for the chip "${name}"; choose among ${CHIPS.map((one) => one.name).join(', ')}, or all.`,
    );
  });
}

export function compilerOf(chip: Chip): Gpu {
  return gpusNamed(chip.gpu)[0];
}
