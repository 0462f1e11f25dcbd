import {
  lowerCopy,
  type PackAttributes,
  packOperation,
  type ViewAttributes,
  viewOperation,
} from './basic-operations.js';
import {
  ALIGNMENT,
  accesses,
  type Command,
  locate,
  newPlannedBuffer,
  type PlannedBuffer,
  type PlannedValue,
} from './commands.js';
import type { Device } from './device.js';
import { LimitError, ShaderError, TensorError } from './errors.js';
import { fuseChains, fuseEpilogues } from './fusion.js';
import type { Node } from './graph.js';
import { bindingBytes, type Storage } from './memory-heap.js';
import type { AdapterTraits, Dispatch, Lowering, MatrixUnit } from './operation.js';
import { Reads } from './reads.js';
import { bytesOf, type DType, formatShape, type Shape } from './shape.js';
import type { Tensor } from './tensor.js';

/** The input of the planner. */
export interface Graph {
  readonly device: Device;
  /** Arguments of the compiled function, in order. */
  readonly arguments: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly effects: ReadonlyMap<Tensor, Tensor>;
  readonly matrixUnits?: MatrixUnit | undefined;
  /** Whether chains of element-by-element operations become one kernel: worth its compilation where it is replayed. */
  readonly fuse: boolean;
}

export interface Plan {
  readonly commands: readonly Command[];
  /** Everything that the commands touch and the planner must place, parents only. */
  readonly buffers: readonly PlannedBuffer[];
  readonly constants: readonly PlannedBuffer[];
  readonly arguments: readonly PlannedValue[];
  readonly outputs: readonly PlannedValue[];
  /** Stored tensors that the program reads or writes. */
  readonly externals: ReadonlyMap<Tensor, Storage>;
  /** Stored tensors that the program changes. */
  readonly changed: readonly Tensor[];
  readonly nodes: readonly Node[];
  /** The same before any of them were fused. */
  readonly recorded: readonly Node[];
  /** The values that each node produced, by position in `nodes`. */
  readonly produced: readonly (readonly PlannedValue[])[];
  /** The traits by which kernels were chosen. */
  readonly adapter: AdapterTraits;
}

/** The nodes that `tensors` depend on, in recording order. */
export function reachableNodes(tensors: Iterable<Tensor>): Node[] {
  const nodes = new Set<Node>();
  const pending = [...tensors];
  for (let current = pending.pop(); current; current = pending.pop()) {
    if (current.origin.kind === 'disposed') {
      throw new TensorError(
        `a recorded operation needs a tensor (${current}) that has since been disposed; dispose it after the last read.`,
      );
    }
    if (current.origin.kind !== 'recorded' || nodes.has(current.origin.node)) continue;
    nodes.add(current.origin.node);
    pending.push(...current.origin.node.inputs);
  }
  return [...nodes].sort((a, b) => a.sequence - b.sequence);
}

/**
 * Turns a graph into commands on values: resolves views, arenas and in-place updates, and finds how long each piece of
 * memory is in use. Placement follows in placement.ts.
 */
export class Planner {
  private readonly commands: Command[] = [];
  private readonly values = new Map<Tensor, PlannedValue>();
  private readonly externals = new Map<Tensor, Storage>();
  private readonly externalBuffers = new Map<Storage, PlannedBuffer>();
  private readonly all: PlannedBuffer[] = [];
  private readonly produced: PlannedValue[][] = [];
  private readonly recorded: Node[];
  private readonly nodes: Node[];
  private readonly adapter: AdapterTraits;
  private readonly reads: Reads;
  /** Effects by the tensor that is assigned. */
  private readonly targetsOf = new Map<Tensor, Tensor[]>();
  private readonly inPlaceTargets = new Set<Tensor>();
  /** The commands that touch each buffer so far. */
  private readonly commandsOf = new Map<PlannedBuffer, Command[]>();
  private nextValue = 0;
  private position = -1;

  constructor(private readonly graph: Graph) {
    const kept = [...graph.outputs, ...graph.effects.values()];
    const { traits } = graph.device;
    this.adapter = graph.matrixUnits ? { ...traits, matrix: graph.matrixUnits } : traits;
    this.recorded = reachableNodes(kept);
    this.nodes = graph.fuse ? this.fuse(this.recorded, new Set(kept)) : this.recorded;
    this.reads = new Reads(this.nodes, kept);
    for (const [target, value] of graph.effects) {
      this.targetsOf.set(value, [...(this.targetsOf.get(value) ?? []), target]);
    }
  }

  private fuse(nodes: readonly Node[], kept: ReadonlySet<Tensor>): Node[] {
    const { adapter } = this;
    const { limits, tuning } = this.graph.device;
    return fuseEpilogues(fuseChains(nodes, kept), kept, (node) => ({
      ...{ adapter, limits },
      variant: tuning.choiceFor(node, adapter),
    }));
  }

  build(): Plan {
    const { graph } = this;
    const argumentValues = graph.arguments.map((tensor, index) => {
      const buffer = this.addBuffer(`argument ${index}`, tensor);
      buffer.first = -1;
      const value = this.newValue(tensor.shape, tensor.dtype, buffer, 0);
      this.values.set(tensor, value);
      return value;
    });
    for (const [position, node] of this.nodes.entries()) {
      this.position = position;
      this.lowerNode(node);
    }
    this.position = this.nodes.length;
    const outputs = graph.outputs.map((tensor) => this.setAside(this.valueOf(tensor)));
    this.lowerEffects();
    this.findLifetimes(outputs);
    const buffers = new Set<PlannedBuffer>();
    for (const buffer of this.all) {
      const located = locate(buffer).buffer;
      if (!located.storage && !located.constant && located.last >= located.first) buffers.add(located);
    }
    return {
      commands: this.commands,
      buffers: [...buffers],
      constants: this.all.filter((buffer) => buffer.constant),
      arguments: argumentValues,
      outputs,
      externals: this.externals,
      changed: [...graph.effects.keys()],
      nodes: this.nodes,
      recorded: this.recorded,
      produced: this.produced,
      adapter: this.adapter,
    };
  }

  private addBuffer(
    label: string,
    spec: { shape: Shape; dtype: DType },
    constant?: Uint32Array | Float32Array,
  ): PlannedBuffer {
    const bytes = bindingBytes(bytesOf(spec));
    const limit = this.graph.device.limits.maxStorageBufferBindingSize;
    if (bytes > limit) {
      throw new LimitError(
        `${label}: a tensor of shape ${formatShape(spec.shape)} needs a binding of ${bytes} bytes, and this adapter binds ` +
          `at most ${limit}; use a smaller batch, width or size.`,
      );
    }
    const buffer = newPlannedBuffer(label, bytes, constant);
    this.all.push(buffer);
    return buffer;
  }

  private newValue(shape: Shape, dtype: DType, buffer: PlannedBuffer, offset: number): PlannedValue {
    return { id: this.nextValue++, shape, dtype, buffer, offset };
  }

  private valueOf(tensor: Tensor): PlannedValue {
    const known = this.values.get(tensor);
    if (known) return known;
    if (tensor.origin.kind !== 'stored') {
      throw new TensorError(`a tensor (${tensor}) belongs to another compiled function; pass it as an argument.`);
    }
    const { storage } = tensor.origin;
    let buffer = this.externalBuffers.get(storage);
    if (!buffer) {
      buffer = this.addBuffer(tensor.label ?? 'stored tensor', { shape: [storage.bytes / 4], dtype: 'u32' });
      buffer.storage = storage;
      this.externalBuffers.set(storage, buffer);
    }
    this.externals.set(tensor, storage);
    const value = this.newValue(tensor.shape, tensor.dtype, buffer, 0);
    this.values.set(tensor, value);
    return value;
  }

  private lowerNode(node: Node): void {
    if (node.operation === viewOperation) {
      this.lowerView(node);
      return;
    }
    const name = this.nameOf(node);
    const inputs = node.inputs.map((input) => this.valueOf(input));
    const updates = node.operation.updates?.(node.attributes) ?? [];
    const outputs = node.specs.map((_, index) => {
      const update = updates.find(([output]) => output === index);
      return update ? this.updatedValue(node, index, update[1], inputs[update[1]]) : undefined;
    });
    const final = node.specs.map(
      (spec, index) => outputs[index] ?? this.newValue(spec.shape, spec.dtype, this.addBuffer(name, spec), 0),
    );
    for (const [index, output] of node.outputs.entries()) this.values.set(output, final[index]);
    this.produced[this.position] = final;
    const lowering = this.loweringFor(node, final);
    if (node.operation === packOperation) this.lowerPackMembers(node, lowering, inputs, final[0]);
    node.operation.lower(lowering, inputs, final, node.attributes);
  }

  private lowerView(node: Node): void {
    const { offset } = node.attributes as ViewAttributes;
    const base = this.valueOf(node.inputs[0]);
    const spec = node.specs[0];
    const byteOffset = base.offset + offset * (base.dtype === 'f16' ? 2 : 4);
    this.produced[this.position] = [];
    if (byteOffset % ALIGNMENT === 0) {
      this.values.set(node.outputs[0], this.newValue(spec.shape, spec.dtype, base.buffer, byteOffset));
      return;
    }
    throw new LimitError(
      `reshape: a view ${offset} elements into a tensor is not aligned to ${ALIGNMENT} bytes; use slice, which copies.`,
    );
  }

  /** Lets the producers of an arena's members write into it directly; copies those that cannot. */
  private lowerPackMembers(node: Node, lowering: Lowering, inputs: readonly PlannedValue[], arena: PlannedValue): void {
    const { offsets } = node.attributes as PackAttributes;
    const uses = new Map<PlannedBuffer, number>();
    for (const { buffer } of inputs) uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
    arena.buffer.isArena = true;
    for (const [index, input] of inputs.entries()) {
      const shift = offsets[index] * 4;
      const own = input.buffer;
      const movable =
        !this.graph.device.checked &&
        shift % ALIGNMENT === 0 &&
        isPrivate(input) &&
        uses.get(own) === 1 &&
        !this.wouldClash(own, arena.buffer);
      if (movable) own.parent = { buffer: arena.buffer, shift };
      else lowerCopy(lowering, input, arena, offsets[index]);
    }
  }

  /** Whether a command would read and write the same GPUBuffer if `buffer` were a part of `arena`. */
  private wouldClash(buffer: PlannedBuffer, arena: PlannedBuffer): boolean {
    return (this.commandsOf.get(buffer) ?? []).some((command) => {
      const touched = accesses(command);
      const own = touched.filter(({ value }) => value.buffer === buffer);
      const others = touched.filter(({ value }) => value.buffer !== buffer && locate(value.buffer).buffer === arena);
      return others.some((other) => own.some(({ writes }) => writes !== other.writes));
    });
  }

  /** The value of an output that starts as a copy of an input: the same memory where nobody needs the old value. */
  private updatedValue(node: Node, output: number, input: number, source: PlannedValue): PlannedValue {
    const spec = node.specs[output];
    if (this.reads.endsAt(this.position, node, input)) {
      if (isPrivate(source)) return this.newValue(spec.shape, spec.dtype, source.buffer, 0);
      const target = this.inPlaceTarget(node.outputs[output], node.inputs[input]);
      if (target) {
        this.inPlaceTargets.add(target);
        return this.newValue(spec.shape, spec.dtype, source.buffer, source.offset);
      }
    }
    const value = this.newValue(spec.shape, spec.dtype, this.addBuffer(this.nameOf(node), spec), 0);
    this.push({ kind: 'copy', node, from: source, to: value, bytes: bindingBytes(bytesOf(spec)) });
    return value;
  }

  /** The stored tensor that `tensor` will be assigned to, if `source` is that tensor and memory of its own. */
  private inPlaceTarget(tensor: Tensor, source: Tensor): Tensor | undefined {
    if (source.origin.kind !== 'stored' || this.graph.device.heap.isShared(source.origin.storage)) return undefined;
    const { storage } = source.origin;
    return this.targetsOf
      .get(tensor)
      ?.find((target) => target.origin.kind === 'stored' && target.origin.storage === storage);
  }

  private lowerEffects(): void {
    const pending: { from: PlannedValue; to: PlannedValue; bytes: number }[] = [];
    for (const [target, tensor] of this.graph.effects) {
      if (target === tensor) continue;
      const to = this.valueOf(target);
      if (this.inPlaceTargets.has(target)) continue;
      pending.push({ from: this.setAside(this.valueOf(tensor)), to, bytes: bytesOf(target) });
    }
    for (const copy of pending) this.push({ kind: 'copy', node: undefined, ...copy });
  }

  /**
   * Copies a value that lies in stored memory, which an effect may overwrite or which may share its target's buffer.
   */
  private setAside(value: PlannedValue): PlannedValue {
    if (!value.buffer.storage) return value;
    const aside = this.newValue(value.shape, value.dtype, this.addBuffer('aside', value), 0);
    this.push({ kind: 'copy', node: undefined, from: value, to: aside, bytes: bytesOf(value) });
    return aside;
  }

  private push(command: Command): void {
    this.commands.push(command);
    for (const { value } of accesses(command)) {
      const known = this.commandsOf.get(value.buffer);
      if (known) known.push(command);
      else this.commandsOf.set(value.buffer, [command]);
    }
  }

  private nameOf(node: Node): string {
    return node.scope ? `${node.scope}.${node.operation.name}` : node.operation.name;
  }

  private loweringFor(node: Node, results: readonly PlannedValue[]): Lowering {
    const { device } = this.graph;
    const name = this.nameOf(node);
    /** The memory that is the node's to write. */
    const own = new Set(results.map(({ buffer }) => buffer));
    return {
      limits: device.limits,
      adapter: this.adapter,
      variant: device.tuning.choiceFor(node, this.adapter),
      scratch: (shape, dtype = 'f32') => {
        const buffer = this.addBuffer(`${name} scratch`, { shape, dtype });
        own.add(buffer);
        return this.newValue(shape, dtype, buffer, 0);
      },
      constant: (values) => {
        const spec = { shape: [values.length], dtype: values instanceof Uint32Array ? 'u32' : 'f32' } as const;
        return this.newValue(spec.shape, spec.dtype, this.addBuffer(`${name} table`, spec, values), 0);
      },
      reshape: (value, shape) => {
        const planned = value as PlannedValue;
        return this.newValue(shape, planned.dtype, planned.buffer, planned.offset);
      },
      dispatch: (dispatch) => {
        const values = dispatch.bindings as PlannedValue[];
        this.checkDispatch(name, dispatch);
        for (const index of dispatch.writes) {
          if (own.has(values[index].buffer)) continue;
          throw new ShaderError(
            `${name}: ${dispatch.label} writes its binding ${index + 1} (${formatShape(values[index].shape)}), which is none of ` +
              'the results; write to a result, or name the input in updates().',
          );
        }
        this.push({ kind: 'dispatch', node, dispatch, values });
      },
    };
  }

  private checkDispatch(name: string, { workgroups, label }: Dispatch): void {
    const limit = this.graph.device.limits.maxComputeWorkgroupsPerDimension;
    if (workgroups.some((count) => !Number.isInteger(count) || count < 1 || count > limit)) {
      throw new LimitError(
        `${name}: ${label} asks for ${workgroups.join('×')} workgroups, and this adapter takes 1 to ${limit} per dimension.`,
      );
    }
  }

  private findLifetimes(outputs: readonly PlannedValue[]): void {
    const touch = (value: PlannedValue, at: number) => {
      const { buffer } = locate(value.buffer);
      buffer.first = Math.min(buffer.first, value.buffer.first === -1 ? -1 : at);
      buffer.last = Math.max(buffer.last, at);
    };
    for (const [at, command] of this.commands.entries()) {
      for (const { value } of accesses(command)) touch(value, at);
    }
    for (const value of outputs) touch(value, this.commands.length);
  }
}

/** Whether a value fills memory that belongs to the program and to nothing else in it. */
function isPrivate(value: PlannedValue): boolean {
  const { buffer, offset } = value;
  const whole = offset === 0 && buffer.bytes === bindingBytes(bytesOf(value));
  return whole && !buffer.storage && !buffer.constant && !buffer.parent && !buffer.isArena && buffer.first !== -1;
}
