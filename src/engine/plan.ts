import { lowerCopy, type PackAttributes, type ViewAttributes } from './basic-operations.js';
import type { Device } from './device.js';
import { LimitError, TensorError } from './errors.js';
import type { Node } from './graph.js';
import { bindingBytes, type Storage } from './memory-heap.js';
import type { Dispatch, Lowering, Value } from './operation.js';
import { type DType, formatShape, type Shape, sizeOf } from './shape.js';
import type { Tensor } from './tensor.js';

/** Storage buffers are bound at multiples of this; WebGPU guarantees it. */
export const ALIGNMENT = 256;

/** A stretch of memory that one or more values share, and the span of commands during which it is in use. */
export interface Root {
  readonly label: string;
  readonly bytes: number;
  /** Memory that exists outside the program, or undefined for memory that the planner places. */
  storage: Storage | undefined;
  /** Constant contents, uploaded when the program is built. */
  readonly constant: Uint32Array | Float32Array | undefined;
  /** This root's memory is a part of another one's, `shift` bytes from its start. */
  parent: { root: Root; shift: number } | undefined;
  /** First and last command that touches it; -1 for arguments, which are filled before the first. */
  first: number;
  last: number;
}

/** Where a value lies. */
export interface PlannedValue extends Value {
  readonly root: Root;
  readonly offset: number;
}

export interface DispatchCommand {
  readonly kind: 'dispatch';
  readonly node: Node | undefined;
  readonly dispatch: Dispatch;
  readonly values: readonly PlannedValue[];
}

export interface CopyCommand {
  readonly kind: 'copy';
  readonly node: Node | undefined;
  readonly from: PlannedValue;
  readonly to: PlannedValue;
  readonly bytes: number;
}

export type Command = DispatchCommand | CopyCommand;

/** What a program is built from. */
export interface Graph {
  readonly device: Device;
  /** Arguments of the compiled function, in order. */
  readonly arguments: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly effects: ReadonlyMap<Tensor, Tensor>;
}

export interface Plan {
  readonly commands: readonly Command[];
  /** Everything that the commands touch and the planner must place, parents only. */
  readonly roots: readonly Root[];
  readonly constants: readonly Root[];
  readonly arguments: readonly PlannedValue[];
  readonly outputs: readonly PlannedValue[];
  /** Stored tensors that the program reads or writes. */
  readonly externals: ReadonlyMap<Tensor, Storage>;
  /** Stored tensors that the program changes. */
  readonly changed: readonly Tensor[];
  readonly nodes: readonly Node[];
  /** The values that each node produced, by position in `nodes`. */
  readonly produced: readonly (readonly PlannedValue[])[];
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

/** Follows parents: where a root's memory really is. */
export function locate(root: Root): { root: Root; shift: number } {
  let current = root;
  let shift = 0;
  while (current.parent) {
    shift += current.parent.shift;
    current = current.parent.root;
  }
  return { root: current, shift };
}

/**
 * Turns a graph into commands on values: resolves views, arenas and in-place updates, and finds how long each piece of
 * memory is in use. Placement follows in placement.ts.
 */
export class Planner {
  private readonly commands: Command[] = [];
  private readonly values = new Map<Tensor, PlannedValue>();
  private readonly externals = new Map<Tensor, Storage>();
  private readonly externalRoots = new Map<Storage, Root>();
  private readonly all: Root[] = [];
  private readonly produced: PlannedValue[][] = [];
  private readonly nodes: Node[];
  private readonly inPlaceTargets = new Set<Tensor>();
  private nextValue = 0;
  private position = -1;

  constructor(private readonly graph: Graph) {
    this.nodes = reachableNodes([...graph.outputs, ...graph.effects.values()]);
  }

  build(): Plan {
    const { graph } = this;
    const argumentValues = graph.arguments.map((tensor, index) => {
      const root = this.newRoot(`argument ${index}`, tensor);
      root.first = -1;
      const value = this.newValue(tensor.shape, tensor.dtype, root, 0);
      this.values.set(tensor, value);
      return value;
    });
    this.findLastReads();
    for (const [position, node] of this.nodes.entries()) {
      this.position = position;
      this.lowerNode(node);
    }
    this.position = this.nodes.length;
    const outputs = graph.outputs.map((tensor) => this.setAside(this.valueOf(tensor)));
    this.lowerEffects();
    this.findLifetimes(argumentValues, outputs);
    const roots = new Set<Root>();
    for (const root of this.all) {
      const located = locate(root).root;
      if (!located.storage && !located.constant && located.last >= located.first) roots.add(located);
    }
    return {
      commands: this.commands,
      roots: [...roots],
      constants: this.all.filter((root) => root.constant),
      arguments: argumentValues,
      outputs,
      externals: this.externals,
      changed: [...graph.effects.keys()],
      nodes: this.nodes,
      produced: this.produced,
    };
  }

  private newRoot(label: string, spec: { shape: Shape; dtype: DType }, constant?: Uint32Array | Float32Array): Root {
    const bytes = bindingBytes(sizeOf(spec.shape) * 4);
    const limit = this.graph.device.limits.maxStorageBufferBindingSize;
    if (bytes > limit) {
      throw new LimitError(
        `${label}: a tensor of shape ${formatShape(spec.shape)} needs a binding of ${bytes} bytes, and this adapter binds ` +
          `at most ${limit}; use a smaller batch, width or size.`,
      );
    }
    const root: Root = {
      label,
      bytes,
      storage: undefined,
      constant,
      parent: undefined,
      first: Number.POSITIVE_INFINITY,
      last: Number.NEGATIVE_INFINITY,
    };
    this.all.push(root);
    return root;
  }

  private newValue(shape: Shape, dtype: DType, root: Root, offset: number): PlannedValue {
    return { id: this.nextValue++, shape, dtype, root, offset };
  }

  private valueOf(tensor: Tensor): PlannedValue {
    const known = this.values.get(tensor);
    if (known) return known;
    if (tensor.origin.kind !== 'stored') {
      throw new TensorError(`a tensor (${tensor}) belongs to another compiled function; pass it as an argument.`);
    }
    const { storage } = tensor.origin;
    let root = this.externalRoots.get(storage);
    if (!root) {
      root = this.newRoot(tensor.label ?? 'stored tensor', { shape: [storage.bytes / 4], dtype: tensor.dtype });
      root.storage = storage;
      this.externalRoots.set(storage, root);
    }
    this.externals.set(tensor, storage);
    const value = this.newValue(tensor.shape, tensor.dtype, root, 0);
    this.values.set(tensor, value);
    return value;
  }

  /**
   * Last position at which a tensor's memory is read, so that a later in-place update knows whether it may overwrite.
   * Views count for the tensor they look into.
   */
  private readonly lastRead = new Map<Tensor, number>();
  private readonly viewed = new Map<Tensor, Tensor>();

  private baseOf(tensor: Tensor): Tensor {
    let base = tensor;
    for (let next = this.viewed.get(base); next; next = this.viewed.get(base)) base = next;
    return base;
  }

  private findLastReads(): void {
    for (const [position, node] of this.nodes.entries()) {
      if (node.operation.name === 'reshape') this.viewed.set(node.outputs[0], node.inputs[0]);
      for (const input of node.inputs) this.lastRead.set(this.baseOf(input), position);
    }
    const end = this.nodes.length;
    for (const tensor of this.graph.outputs) this.lastRead.set(this.baseOf(tensor), end);
    for (const value of this.graph.effects.values()) this.lastRead.set(this.baseOf(value), end);
  }

  private lowerNode(node: Node): void {
    if (node.operation.name === 'reshape') {
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
      (spec, index) => outputs[index] ?? this.newValue(spec.shape, spec.dtype, this.newRoot(name, spec), 0),
    );
    for (const [index, output] of node.outputs.entries()) this.values.set(output, final[index]);
    this.produced[this.position] = final;
    const lowering = this.loweringFor(node);
    if (node.operation.name === 'pack') this.lowerPackMembers(node, lowering, inputs, final[0]);
    node.operation.lower(lowering, inputs, final, node.attributes);
  }

  private lowerView(node: Node): void {
    const { offset } = node.attributes as ViewAttributes;
    const base = this.valueOf(node.inputs[0]);
    const spec = node.specs[0];
    const byteOffset = base.offset + offset * 4;
    this.produced[this.position] = [];
    if (byteOffset % ALIGNMENT === 0) {
      this.values.set(node.outputs[0], this.newValue(spec.shape, spec.dtype, base.root, byteOffset));
      return;
    }
    throw new LimitError(
      `reshape: a view ${offset} elements into a tensor is not aligned to ${ALIGNMENT} bytes; use slice, which copies.`,
    );
  }

  /** Lets the producers of an arena's members write into it directly; copies those that cannot. */
  private lowerPackMembers(node: Node, lowering: Lowering, inputs: readonly PlannedValue[], arena: PlannedValue): void {
    const { offsets } = node.attributes as PackAttributes;
    for (const [index, input] of inputs.entries()) {
      const shift = offsets[index] * 4;
      const own = input.root;
      const movable =
        !this.graph.device.checked &&
        shift % ALIGNMENT === 0 &&
        input.offset === 0 &&
        !own.parent &&
        !own.storage &&
        !own.constant &&
        own.first !== -1 &&
        own.bytes === bindingBytes(sizeOf(input.shape) * 4);
      if (movable) own.parent = { root: arena.root, shift };
      else lowerCopy(lowering, input, arena, offsets[index]);
    }
  }

  /** The value of an output that starts as a copy of an input: the same memory where nobody needs the old value. */
  private updatedValue(node: Node, output: number, input: number, source: PlannedValue): PlannedValue {
    const spec = node.specs[output];
    const tensor = node.outputs[output];
    const sourceTensor = node.inputs[input];
    const isLastRead = this.lastRead.get(this.baseOf(sourceTensor)) === this.position;
    const whole = source.offset === 0 && source.root.bytes === bindingBytes(sizeOf(spec.shape) * 4);
    const plain = !source.root.parent && !source.root.constant && source.root.first !== -1;
    if (isLastRead && whole && plain && !source.root.storage && !this.isMemberOfArena(source.root)) {
      return this.newValue(spec.shape, spec.dtype, source.root, 0);
    }
    const target = this.inPlaceTarget(node, tensor, sourceTensor);
    if (target) {
      this.inPlaceTargets.add(target);
      return this.newValue(spec.shape, spec.dtype, source.root, source.offset);
    }
    const value = this.newValue(spec.shape, spec.dtype, this.newRoot(this.nameOf(node), spec), 0);
    this.commands.push({ kind: 'copy', node, from: source, to: value, bytes: bindingBytes(sizeOf(spec.shape) * 4) });
    return value;
  }

  private isMemberOfArena(root: Root): boolean {
    return this.all.some((other) => other.parent?.root === root);
  }

  /** The stored tensor that `tensor` will be assigned to, if it can be computed right there. */
  private inPlaceTarget(node: Node, tensor: Tensor, source: Tensor): Tensor | undefined {
    if (source.origin.kind !== 'stored') return undefined;
    const { storage } = source.origin;
    if (this.graph.device.heap.isShared(storage)) return undefined;
    for (const [target, value] of this.graph.effects) {
      if (value !== tensor || target.origin.kind !== 'stored' || target.origin.storage !== storage) continue;
      const { region } = storage;
      const touches = (other: Tensor) => other.origin.kind === 'stored' && other.origin.storage.region === region;
      const readElsewhere = node.inputs.some((other) => other !== source && touches(other));
      const readLater = this.nodes.slice(this.position + 1).some((later) => later.inputs.some(touches));
      const returned = this.graph.outputs.some(touches) || [...this.graph.effects.values()].some(touches);
      if (!readElsewhere && !readLater && !returned) return target;
    }
    return undefined;
  }

  private lowerEffects(): void {
    const pending: { from: PlannedValue; to: PlannedValue; bytes: number }[] = [];
    for (const [target, tensor] of this.graph.effects) {
      if (target === tensor) continue;
      const to = this.valueOf(target);
      if (this.inPlaceTargets.has(target)) continue;
      pending.push({ from: this.setAside(this.valueOf(tensor)), to, bytes: sizeOf(target.shape) * 4 });
    }
    for (const copy of pending) this.commands.push({ kind: 'copy', node: undefined, ...copy });
  }

  /** Copies a value that lies in stored memory, which an effect may overwrite or which may share its target's buffer. */
  private setAside(value: PlannedValue): PlannedValue {
    if (!value.root.storage) return value;
    const aside = this.newValue(value.shape, value.dtype, this.newRoot('aside', value), 0);
    this.commands.push({ kind: 'copy', node: undefined, from: value, to: aside, bytes: sizeOf(value.shape) * 4 });
    return aside;
  }

  private nameOf(node: Node): string {
    return node.scope ? `${node.scope}.${node.operation.name}` : node.operation.name;
  }

  private loweringFor(node: Node): Lowering {
    const { device } = this.graph;
    const name = this.nameOf(node);
    return {
      limits: device.limits,
      adapter: device.traits,
      scratch: (shape, dtype = 'f32') =>
        this.newValue(shape, dtype, this.newRoot(`${name} scratch`, { shape, dtype }), 0),
      constant: (values) => {
        const spec = { shape: [values.length], dtype: values instanceof Uint32Array ? 'u32' : 'f32' } as const;
        return this.newValue(spec.shape, spec.dtype, this.newRoot(`${name} table`, spec, values), 0);
      },
      reshape: (value, shape) => {
        const planned = value as PlannedValue;
        return this.newValue(shape, planned.dtype, planned.root, planned.offset);
      },
      dispatch: (dispatch) => {
        this.checkDispatch(name, dispatch);
        this.commands.push({ kind: 'dispatch', node, dispatch, values: dispatch.bindings as PlannedValue[] });
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

  private findLifetimes(argumentValues: readonly PlannedValue[], outputs: readonly PlannedValue[]): void {
    const touch = (value: PlannedValue, at: number) => {
      const { root } = locate(value.root);
      root.first = Math.min(root.first, value.root.first === -1 ? -1 : at);
      root.last = Math.max(root.last, at);
    };
    for (const [at, command] of this.commands.entries()) {
      const values = command.kind === 'dispatch' ? command.values : [command.from, command.to];
      for (const value of values) touch(value, at);
    }
    for (const value of argumentValues) if (value.root.last === Number.NEGATIVE_INFINITY) value.root.last = -1;
    for (const value of outputs) touch(value, this.commands.length);
  }
}
