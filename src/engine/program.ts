import { Checks, guardBytesOf } from './checks.js';
import {
  ALIGNMENT,
  type Command,
  type DispatchCommand,
  locate,
  type PlannedBuffer,
  type PlannedValue,
} from './commands.js';
import type { Device } from './device.js';
import { type Allocation, bindingBytes, type Storage } from './memory-heap.js';
import type { Dispatch } from './operation.js';
import { hasUniforms } from './pipelines.js';
import { type Placement, placeBuffers } from './placement.js';
import type { Plan } from './plan.js';
import type { Timestamps } from './profile.js';
import { bytesOf } from './shape.js';

/** The place of a value on the device. */
interface Range {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

type Step =
  | {
      readonly kind: 'dispatch';
      readonly label: string;
      readonly flops: number;
      readonly bytes: number;
      readonly pipeline: GPUComputePipeline;
      readonly bindGroup: GPUBindGroup;
      readonly workgroups: readonly [number, number, number];
    }
  | { readonly kind: 'copy'; readonly from: Range; readonly to: Range; readonly bytes: number };

/** The memory that a program needs. */
export interface ProgramMemory {
  /** Bytes of all buffers that hold intermediates. */
  readonly planned: number;
  /** The most that is alive at one command; no plan can need less. */
  readonly lowerBound: number;
  /** The values that are alive at the peak, largest first. */
  readonly peak: readonly { readonly label: string; readonly bytes: number }[];
}

/** A planned graph with its buffers, pipelines and bind groups: everything that a replay needs. */
export class Program {
  private steps: Step[] = [];
  private readonly placement: Placement;
  private banks: Allocation[] = [];
  private constants = new Map<PlannedBuffer, Storage>();
  private uniforms: GPUBuffer | undefined;
  /** The offset of each dispatch's uniforms. */
  private uniformOffsets: readonly number[] = [];
  private readonly checks: Checks | undefined;
  private readonly work: readonly Command[];
  private readonly dispatches: readonly Dispatch[];

  constructor(
    readonly device: Device,
    readonly plan: Plan,
  ) {
    this.placement = placeBuffers(
      plan.buffers.filter((buffer) => !buffer.storage),
      plan.commands,
      device.limits.maxBufferSize,
      device.checked !== false,
      device.heap.guardBytes,
    );
    this.checks = device.checked ? new Checks(device, plan) : undefined;
    this.work = this.checks?.commands ?? plan.commands;
    this.dispatches = this.work.flatMap((command) => (command.kind === 'dispatch' ? [command.dispatch] : []));
  }

  /** Compiles the program's distinct pipelines concurrently, for `link`. */
  async prepare(onProgress?: (done: number, total: number) => void): Promise<void> {
    const distinct = new Map(this.dispatches.map((dispatch) => [dispatch.source, dispatch]));
    let done = 0;
    await Promise.all(
      [...distinct.values()].map(async (dispatch) => {
        await this.device.pipelines.prepare(dispatch);
        done += 1;
        onProgress?.(done, distinct.size);
      }),
    );
  }

  /** Number of distinct pipelines. */
  get pipelineCount(): number {
    return new Set(this.dispatches.map(({ source }) => source)).size;
  }

  /** Distinct kernels, each under the label of the first dispatch that uses it. */
  kernels(): { label: string; source: string }[] {
    const distinct = new Set<string>();
    return this.dispatches.flatMap(({ label, source }) => {
      if (distinct.has(source)) return [];
      distinct.add(source);
      return { label, source };
    });
  }

  get dispatchCount(): number {
    return this.dispatches.length;
  }

  memory(): ProgramMemory {
    return {
      planned: this.placement.planned,
      lowerBound: this.placement.lowerBound,
      peak: this.placement.peak.map(({ label, bytes }) => ({ label, bytes })).sort((a, b) => b.bytes - a.bytes),
    };
  }

  /** Takes memory and fills in what is constant. If it throws, `dispose` gives back what had been taken. */
  build(): void {
    const { device, plan } = this;
    for (const [index, bank] of this.placement.banks.entries()) {
      const allocation = device.heap.allocateBuffer(bank.bytes, `program memory ${index}`);
      this.banks.push(allocation);
      if (device.checked) device.heap.writeGuard(allocation.buffer, bank.members[0].buffer.bytes);
    }
    if (this.checks) {
      const { status } = this.checks;
      status.storage = device.heap.allocate(status.bytes, status.label);
    }
    for (const buffer of plan.constants) {
      if (!buffer.constant) continue;
      const storage = device.heap.allocate(buffer.constant.byteLength, buffer.label);
      device.upload(storage.allocation.buffer, storage.offset, buffer.constant);
      this.constants.set(buffer, storage);
    }
    this.uniformOffsets = this.uploadUniforms();
  }

  /**
   * Creates bind groups, and those pipelines that `prepare` has not. After `build` and this a replay creates nothing.
   */
  link(): void {
    const offsets = this.uniformOffsets.values();
    for (const command of this.work) {
      if (command.kind === 'copy') {
        const { from, to, bytes } = command;
        this.steps.push({ kind: 'copy', from: this.rangeOf(from), to: this.rangeOf(to), bytes });
      } else {
        this.steps.push(this.dispatchStep(command, offsets.next().value ?? 0));
      }
    }
  }

  /** Records one execution, once built and linked. */
  encode(encoder: GPUCommandEncoder, timestamps?: Timestamps): void {
    const { status } = this.checks ?? {};
    if (status?.storage) encoder.clearBuffer(status.storage.allocation.buffer, status.storage.offset, status.bytes);
    let pass: GPUComputePassEncoder | undefined;
    let bound: GPUComputePipeline | undefined;
    for (const step of this.steps) {
      if (step.kind === 'copy') {
        pass?.end();
        pass = undefined;
        encoder.copyBufferToBuffer(step.from.buffer, step.from.offset, step.to.buffer, step.to.offset, step.bytes);
        continue;
      }
      if (!pass) {
        const timestampWrites = timestamps?.next(step);
        pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : undefined);
        bound = undefined;
      }
      if (bound !== step.pipeline) {
        pass.setPipeline(step.pipeline);
        bound = step.pipeline;
      }
      pass.setBindGroup(0, step.bindGroup);
      pass.dispatchWorkgroups(...step.workgroups);
      if (timestamps) {
        pass.end();
        pass = undefined;
      }
    }
    pass?.end();
  }

  /** Copies an argument into the program's memory. */
  encodeArgument(encoder: GPUCommandEncoder, index: number, storage: Storage): void {
    const to = this.rangeOf(this.plan.arguments[index]);
    const bytes = bytesOf(this.plan.arguments[index]);
    encoder.copyBufferToBuffer(storage.allocation.buffer, storage.offset, to.buffer, to.offset, bytes);
  }

  /** Writes a scalar argument. */
  writeArgument(index: number, value: number): void {
    const to = this.rangeOf(this.plan.arguments[index]);
    this.device.upload(to.buffer, to.offset, new Float32Array([value]));
  }

  /** Copies an output to memory that outlives the next execution. */
  encodeOutput(encoder: GPUCommandEncoder, index: number, storage: Storage): void {
    const output = this.plan.outputs[index];
    const from = this.rangeOf(output);
    const bytes = bytesOf(output);
    encoder.copyBufferToBuffer(from.buffer, from.offset, storage.allocation.buffer, storage.offset, bytes);
  }

  /** Whether the program reads an argument at all: an unused one has no memory. */
  usesArgument(index: number): boolean {
    return this.placement.places.has(this.plan.arguments[index].buffer);
  }

  /** Gives the program's memory back. */
  dispose(): void {
    const { heap } = this.device;
    for (const bank of this.banks) heap.releaseBuffer(bank);
    for (const storage of this.constants.values()) heap.release(storage);
    if (this.checks?.status.storage) {
      heap.release(this.checks.status.storage);
      this.checks.status.storage = undefined;
    }
    if (this.uniforms) this.device.returnUniforms(this.uniforms);
    this.banks = [];
    this.constants = new Map();
    this.uniforms = undefined;
    this.steps = [];
  }

  /** Checked mode: what the execution submitted last has found, for {@link reportStatus}. */
  async readStatus(): Promise<Uint32Array> {
    const { storage, bytes } = this.checks?.status ?? {};
    if (!storage || !bytes) return new Uint32Array();
    return new Uint32Array(await this.device.readBuffer(storage.allocation.buffer, storage.offset, bytes));
  }

  /**
   * @param words What {@link readStatus} returned.
   * @param step Which execution of the program this was, from 1.
   * @throws NumericError for what the execution did wrong, see {@link Checks.report}
   */
  reportStatus(words: Uint32Array, step: number): void {
    this.checks?.report(words, step);
  }

  private rangeOf(value: PlannedValue): Range {
    const { buffer, shift } = locate(value.buffer);
    const offset = value.offset + shift;
    const storage = buffer.storage ?? this.constants.get(buffer);
    if (storage) return { buffer: storage.allocation.buffer, offset: storage.offset + offset };
    const place = this.placement.places.get(buffer);
    if (!place) throw new Error(`program: ${buffer.label} was not placed`);
    return { buffer: this.banks[place.bank].buffer, offset: place.offset + offset };
  }

  private uploadUniforms(): number[] {
    const offsets: number[] = [];
    let total = 0;
    for (const { uniforms } of this.dispatches) {
      offsets.push(total);
      total += Math.ceil((4 * (uniforms?.length ?? 0)) / ALIGNMENT) * ALIGNMENT;
    }
    if (total === 0) return offsets;
    const words = new Uint32Array(total / 4);
    for (const [index, { uniforms }] of this.dispatches.entries())
      if (uniforms) words.set(uniforms, offsets[index] / 4);
    this.uniforms = this.device.borrowUniforms(total);
    this.device.upload(this.uniforms, 0, words);
    return offsets;
  }

  private dispatchStep({ dispatch, values, node }: DispatchCommand, uniformOffset: number): Step {
    const pipeline = this.device.pipelines.get(dispatch);
    const label = node?.scope ? `${node.scope} ${dispatch.label}` : dispatch.label;
    const entries: GPUBindGroupEntry[] = [];
    if (dispatch.uniforms && hasUniforms(dispatch) && this.uniforms) {
      const size = Math.ceil((4 * dispatch.uniforms.length) / 16) * 16;
      entries.push({ binding: 0, resource: { buffer: this.uniforms, offset: uniformOffset, size } });
    }
    let bytes = 0;
    for (const [index, value] of values.entries()) {
      const own = bindingBytes(bytesOf(value));
      bytes += bytesOf(value);
      const size = own + guardBytesOf(value, this.device);
      entries.push({ binding: index + 1, resource: { ...this.rangeOf(value), size } });
    }
    return {
      kind: 'dispatch',
      label,
      flops: dispatch.flops ?? 0,
      bytes: dispatch.bytes ?? bytes,
      pipeline: pipeline.pipeline,
      bindGroup: this.device.gpu.createBindGroup({ label, layout: pipeline.layout, entries }),
      workgroups: dispatch.workgroups,
    };
  }
}
