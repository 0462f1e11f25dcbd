import accumulateSource from './accumulate.wgsl';
import { cast, fill, vectorUniforms } from './basic-operations.js';
import { currentValue } from './effects.js';
import { GradientError } from './errors.js';
import { checkUsable, type Node, record, recordAgain, scope } from './graph.js';
import { linearGrid } from './grid.js';
import * as kinds from './kinds.js';
import { FLOATS } from './operands.js';
import type { Operation } from './operation.js';
import { formatShape, isFloat, sameShape, sizeOf } from './shape.js';
import { signature } from './signature.js';
import type { Tensor } from './tensor.js';
import { kernel } from './wgsl/index.js';

const gradientsTakes = signature('gradients', { loss: kinds.float, tensors: kinds.tensors });

/**
 * Gradients of a scalar by each of `tensors`, as graph: the backward operations are recorded beside the forward ones,
 * so both become one program, and a gradient can be differentiated again.
 *
 * @param loss A tensor of one value. Counterpart: `torch.autograd.grad`.
 * @param tensors Stored tensors, arguments, or intermediates on which the loss depends.
 * @returns One tensor per entry, of its shape.
 * @throws GradientError if the loss is no scalar, does not depend on an entry, or passes through an operation without
 *   a gradient on the way to it.
 */
export function gradients(loss: Tensor, tensors: readonly Tensor[]): Tensor[] {
  gradientsTakes(arguments);
  if (loss.size !== 1) {
    throw new GradientError(
      `gradients: the loss has shape ${formatShape(loss.shape)}, ${loss.size} values; reduce it to one with sum or mean.`,
    );
  }
  for (const tensor of [loss, ...tensors]) checkUsable('gradients', tensor, loss.device);
  const order = dependencyOrder(loss);
  const read = new Set(order.flatMap((node) => node.inputs));
  // A tensor assigned before the loss was recorded took part with its new value.
  const sources = tensors.map((tensor) => {
    const current = currentValue(tensor);
    return read.has(current) ? current : tensor;
  });
  const requested = new Set(sources);
  checkHistory(read, requested);
  const needed = pathsTo(order, requested);
  const recomputed = new Recomputation(order);
  const found = new Map<Tensor, Tensor>();
  found.set(loss, fill(loss.device, loss.shape, 1));

  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    if (!needed.has(node)) continue;
    const outputGradients = node.outputs.map((output) => found.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const wanted = node.inputs.map((input) => isWanted(input, requested, needed));
    propagate(node, recomputed, outputGradients, wanted, found);
    // Gradients of intermediates have been used up; those asked for stay.
    for (const output of node.outputs) if (!requested.has(output)) found.delete(output);
  }

  return tensors.map((tensor, i) => {
    const gradient = found.get(sources[i]);
    if (!gradient) {
      throw new GradientError(
        `gradients: the loss does not depend on ${tensor.label ?? 'a tensor'} (${tensor}); leave it out, or use it ` +
          'in the loss. (Reading a tensor with data() or item() forgets how it was computed: take gradients first.)',
      );
    }
    return gradient;
  });
}

/** Refuses a path from a requested tensor that cannot be seen any more, and would be missing from its gradient. */
function checkHistory(read: ReadonlySet<Tensor>, requested: ReadonlySet<Tensor>): void {
  for (const tensor of read) {
    if (requested.has(tensor)) continue;
    const source = tensor.computedFrom
      ?.map((reference) => reference.deref())
      .find((leaf) => leaf && requested.has(leaf));
    if (!source) continue;
    throw new GradientError(
      `gradients: the loss depends on ${source.label ?? 'a tensor'} (${source}) through a tensor (${tensor}) that was read ` +
        'before and so forgot how it was computed; read it after taking gradients, or pass a copy, ' +
        'device.tensor(await x.data(), x.shape), to treat it as a constant.',
    );
  }
}

/** Forward values as the backward pass sees them: those of a `checkpoint` are recorded again when first needed. */
class Recomputation {
  private readonly copies = new Map<Tensor, Tensor>();
  private readonly done = new Set<symbol>();

  constructor(private readonly order: readonly Node[]) {}

  /** Makes sure that the backward pass of `node` finds its values. */
  prepare({ segment }: Node): void {
    if (!segment || this.done.has(segment)) return;
    this.done.add(segment);
    for (const node of this.order) {
      if (node.segment !== segment) continue;
      const copies = recordAgain(
        node,
        node.inputs.map((input) => this.valueOf(input)),
      );
      for (const [i, output] of node.outputs.entries()) this.copies.set(output, copies[i]);
    }
  }

  valueOf(tensor: Tensor): Tensor {
    return this.copies.get(tensor) ?? tensor;
  }
}

function propagate(
  node: Node,
  recomputed: Recomputation,
  outputGradients: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
  found: Map<Tensor, Tensor>,
): void {
  const { operation } = node;
  const { gradient } = operation;
  if (!gradient) {
    throw new GradientError(
      `gradients: ${operation.name}${node.scope ? ` (in ${node.scope})` : ''} has no gradient, but the loss reaches a ` +
        'requested tensor through it.',
    );
  }
  recomputed.prepare(node);
  const inputGradients = scope(node.scope ? `${node.scope}.backward` : 'backward', () =>
    gradient.call(operation, {
      inputs: node.inputs.map((input) => recomputed.valueOf(input)),
      outputs: node.outputs.map((output) => recomputed.valueOf(output)),
      attributes: node.attributes,
      outputGradients,
      wanted,
    }),
  );
  for (const [i, input] of node.inputs.entries()) {
    const contribution = inputGradients[i];
    if (!contribution || !wanted[i]) continue;
    if (!sameShape(contribution.shape, input.shape)) {
      throw new GradientError(
        `gradients: ${operation.name} returned a gradient of shape ${formatShape(contribution.shape)} for input ${i} of ` +
          `shape ${formatShape(input.shape)}; its gradient rule is wrong.`,
      );
    }
    const own = cast(contribution, input.dtype);
    const earlier = found.get(input);
    found.set(input, earlier ? accumulate(earlier, own) : own);
  }
}

/** Nodes on which `tensor` depends, in recording order. Iterative: graphs are deeper than the call stack. */
function dependencyOrder(tensor: Tensor): Node[] {
  const nodes = new Set<Node>();
  const pending: Tensor[] = [tensor];
  for (let current = pending.pop(); current; current = pending.pop()) {
    if (current.origin.kind !== 'recorded' || nodes.has(current.origin.node)) continue;
    nodes.add(current.origin.node);
    pending.push(...current.origin.node.inputs);
  }
  return [...nodes].sort((a, b) => a.sequence - b.sequence);
}

/** The nodes that lie between the requested tensors and the loss. */
function pathsTo(order: readonly Node[], requested: ReadonlySet<Tensor>): Set<Node> {
  const needed = new Set<Node>();
  for (const node of order) {
    if (node.inputs.some((input) => isWanted(input, requested, needed))) needed.add(node);
  }
  return needed;
}

function isWanted(input: Tensor, requested: ReadonlySet<Tensor>, needed: Set<Node>): boolean {
  if (!isFloat(input.dtype)) return false;
  return requested.has(input) || (input.origin.kind === 'recorded' && needed.has(input.origin.node));
}

/** The sum of two gradients of one tensor. */
const accumulateOperation: Operation<null> = {
  name: 'accumulate',
  operands: { a: FLOATS, b: FLOATS },
  shape: ([a]) => [a],
  lower(lowering, [a, b], [result]) {
    const vectors = Math.ceil(sizeOf(a.shape) / 4);
    lowering.dispatch({
      label: 'accumulate',
      ...kernel(accumulateSource, {
        constants: { A: a.dtype, B: b.dtype, RESULT: result.dtype },
        uniforms: vectorUniforms({ vectors }),
      }),
      bindings: [a, b, result],
      writes: [2],
      workgroups: linearGrid(vectors),
      flops: sizeOf(a.shape),
    });
  },
  gradient: ({ outputGradients: [dy] }) => [dy, dy],
};

function accumulate(a: Tensor, b: Tensor): Tensor {
  return record(accumulateOperation, [a, b], null)[0];
}
