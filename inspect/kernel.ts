/** A kernel on its way to a compiler. */
export interface Kernel {
  /** As in `conv2d.weightGradient`; where several have the same, numbered from the second on: `conv2d ~2`. */
  readonly name: string;
  /** WGSL. */
  readonly source: string;
  readonly entryPoint: string;
}

/** One of the programs that a driver makes of a pipeline, as the layer reports it. */
export interface Executable {
  readonly name: string;
  readonly subgroupSize: number;
  readonly statistics: Readonly<Record<string, number>>;
  /** Bytes, where the driver's intermediate language tells. */
  readonly workgroupMemory?: number;
  /** Machine code; empty for a driver that only prints it. */
  readonly code: Readonly<Record<string, string>>;
}

/** Kernels by their names, made unique. */
export function nameKernels(kernels: readonly { label: string; source: string }[]): Kernel[] {
  const seen = new Map<string, number>();
  return kernels.map(({ label, source }) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return { name: count === 1 ? label : `${label} ~${count}`, source, entryPoint: 'main' };
  });
}
