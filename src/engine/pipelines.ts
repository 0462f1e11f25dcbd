import type { DeviceQueue } from './device-queue.js';
import { ShaderError } from './errors.js';
import type { Dispatch } from './operation.js';
import { ShaderStage } from './usage.js';

/** A compiled kernel and the layout of its bindings. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Kernels compiled so far on one device, by the layout of their bindings and their final source text. */
export class PipelineCache {
  /** In two steps, because a key made of both would be hashed anew, all of the source, at every look-up. */
  private readonly ready = new Map<string, Map<string, Pipeline>>();
  private readonly compiling = new Map<string, Promise<Pipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  /** Pipelines created in all: what a replay must not increase. */
  created = 0;

  constructor(private readonly device: DeviceQueue) {}

  get size(): number {
    return [...this.ready.values()].reduce((total, { size }) => total + size, 0);
  }

  /** The pipeline, created now if it is new. Errors of the driver surface at the next read. */
  get(dispatch: Dispatch): Pipeline {
    const known = this.known(dispatch);
    if (known) return known;
    const { gpu } = this.device;
    gpu.pushErrorScope('validation');
    const descriptor = this.describe(dispatch);
    const made = { pipeline: gpu.createComputePipeline(descriptor.pipeline), layout: descriptor.layout };
    this.device.expectNoError(`${dispatch.label}: the driver rejected the kernel`, (message) =>
      this.explain(message, descriptor.pipeline),
    );
    this.keep(dispatch, made);
    return made;
  }

  /** The pipeline, compiled without blocking; concurrent requests for the same source share one compilation. */
  async prepare(dispatch: Dispatch): Promise<void> {
    if (this.known(dispatch)) return;
    const key = `${layoutKey(dispatch)}\n${dispatch.source}`;
    let pending = this.compiling.get(key);
    if (!pending) {
      pending = this.compile(dispatch).then((made) => {
        this.keep(dispatch, made);
        return made;
      });
      pending.finally(() => this.compiling.delete(key)).catch(() => {});
      this.compiling.set(key, pending);
    }
    await pending;
  }

  private known(dispatch: Dispatch): Pipeline | undefined {
    return this.ready.get(layoutKey(dispatch))?.get(dispatch.source);
  }

  private keep(dispatch: Dispatch, made: Pipeline): void {
    const layout = layoutKey(dispatch);
    const bySource = this.ready.get(layout) ?? new Map<string, Pipeline>();
    this.ready.set(layout, bySource.set(dispatch.source, made));
    this.created += 1;
  }

  private async compile(dispatch: Dispatch): Promise<Pipeline> {
    const { gpu } = this.device;
    gpu.pushErrorScope('validation');
    const descriptor = this.describe(dispatch);
    const popped = this.device.wait(() => gpu.popErrorScope());
    popped.catch(() => {});
    try {
      const pipeline = await this.device.wait(() => gpu.createComputePipelineAsync(descriptor.pipeline));
      return { pipeline, layout: descriptor.layout };
    } catch (cause) {
      // A device that is gone is no fault of the kernel's.
      this.device.checkUsable();
      const detail = await this.explain((await popped)?.message ?? (cause as Error).message, descriptor.pipeline);
      throw new ShaderError(`${dispatch.label}: the driver rejected the kernel: ${detail}`, { cause });
    } finally {
      await popped;
    }
  }

  /**
   * A rejection with what the compiler says of it, which Firefox keeps out of the error: "Shader module creation
   * failed".
   */
  private async explain(message: string, { compute }: GPUComputePipelineDescriptor): Promise<string> {
    const info = await this.device.wait(() => compute.module.getCompilationInfo()).catch(() => undefined);
    const missing = (info?.messages ?? [])
      .filter(({ type, message: text }) => type === 'error' && !message.includes(text))
      .map(({ lineNum, linePos, message: text }) => `${lineNum}:${linePos} ${text}`);
    return [message, ...missing].join('\n');
  }

  private describe(dispatch: Dispatch): { pipeline: GPUComputePipelineDescriptor; layout: GPUBindGroupLayout } {
    const { gpu } = this.device;
    const layout = this.layoutOf(dispatch);
    return {
      layout,
      pipeline: {
        label: dispatch.label,
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: {
          module: gpu.createShaderModule({ label: dispatch.label, code: dispatch.source }),
          entryPoint: 'main',
        },
      },
    };
  }

  private layoutOf(dispatch: Dispatch): GPUBindGroupLayout {
    const key = layoutKey(dispatch);
    const known = this.layouts.get(key);
    if (known) return known;
    const entries: GPUBindGroupLayoutEntry[] = [];
    if (hasUniforms(dispatch)) {
      entries.push({ binding: 0, visibility: ShaderStage.COMPUTE, buffer: { type: 'uniform' } });
    }
    for (const index of dispatch.bindings.keys()) {
      const type = dispatch.writes.includes(index) ? 'storage' : 'read-only-storage';
      entries.push({ binding: index + 1, visibility: ShaderStage.COMPUTE, buffer: { type } });
    }
    const layout = this.device.gpu.createBindGroupLayout({ entries });
    this.layouts.set(key, layout);
    return layout;
  }
}

export function hasUniforms({ uniforms }: Dispatch): boolean {
  return uniforms !== undefined && uniforms.length > 0;
}

function layoutKey(dispatch: Dispatch): string {
  const access = dispatch.bindings.map((_, index) => (dispatch.writes.includes(index) ? 'w' : 'r')).join('');
  return (hasUniforms(dispatch) ? 'u' : '') + access;
}
