import type { Node } from './graph.js';
import type { Absorption } from './operation.js';
import { sameShape, sizeOf } from './shape.js';
import type { Tensor } from './tensor.js';

/** One operation of a chain that runs as one kernel. */
export interface FusionMember {
  readonly operation: Node['operation'];
  readonly attributes: unknown;
  /**
   * The sources of its operands: an input of the chain by position, or, from `inputs` on, an earlier member's result.
   */
  readonly operands: readonly number[];
}

/** A chain of element-by-element operations of one shape; only the last member's result is used outside. */
export interface FusionGroup {
  /** Number of distinct inputs; each is of the chain's shape or a single value. */
  readonly inputs: number;
  readonly members: readonly FusionMember[];
}

/** A kernel binds these, its result and its uniforms: eight buffers are what every adapter offers. */
const MAX_INPUTS = 6;
const MAX_MEMBERS = 16;

/**
 * Replaces chains of element-by-element operations by one operation each, so that intermediates never reach memory.
 * A result joins its consumer's kernel if that is its only consumer and has the same shape.
 *
 * @param kept Tensors that are needed after the last node.
 */
export function fuseChains(nodes: readonly Node[], kept: ReadonlySet<Tensor>): Node[] {
  const consumers = consumersOf(nodes);
  const chains = new Map<Node, readonly Node[]>();
  const absorbed = new Set<Node>();
  for (const node of nodes) {
    if (!isElementwise(node)) continue;
    let chain: readonly Node[] = [node];
    for (const input of new Set(node.inputs)) {
      if (input.origin.kind !== 'recorded' || kept.has(input) || consumers.get(input)?.size !== 1) continue;
      const producer = chains.get(input.origin.node);
      if (!producer || !sameShape(input.shape, node.specs[0].shape)) continue;
      const joined = [...producer, ...chain];
      if (joined.length > MAX_MEMBERS || inputsOf(joined).length > MAX_INPUTS) continue;
      chain = joined;
      absorbed.add(input.origin.node);
    }
    chains.set(node, chain);
  }
  return nodes.flatMap((node) => {
    if (absorbed.has(node)) return [];
    const chain = chains.get(node);
    return [chain && chain.length > 1 ? fuse(node, chain) : node];
  });
}

/**
 * Lets operations that can do a consumer's work while their results are in registers do so: see `Operation.absorb`.
 *
 * @param kept Tensors that are needed after the last node.
 * @param loweringFor What the kernels of a node are chosen by.
 */
export function fuseEpilogues(
  nodes: readonly Node[],
  kept: ReadonlySet<Tensor>,
  loweringFor: (node: Node) => Absorption['lowering'],
): Node[] {
  const consumers = consumersOf(nodes);
  const rewritten = new Map<Node, Node | undefined>();
  for (const own of nodes) {
    const readers = [...(consumers.get(own.outputs[0]) ?? [])];
    if (!own.operation.absorb || readers.length === 0) continue;
    const sole = readers.length === 1 && !kept.has(own.outputs[0]);
    const lowering = loweringFor(own);
    for (const consumer of readers) {
      const joined = rewritten.has(consumer) ? undefined : own.operation.absorb({ own, consumer, sole, lowering });
      if (!joined) continue;
      rewritten.set(own, joined[0]);
      rewritten.set(consumer, joined[1]);
      break;
    }
  }
  return nodes.flatMap((node) => (rewritten.has(node) ? (rewritten.get(node) ?? []) : node));
}

function consumersOf(nodes: readonly Node[]): Map<Tensor, Set<Node>> {
  const consumers = new Map<Tensor, Set<Node>>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const known = consumers.get(input);
      if (known) known.add(node);
      else consumers.set(input, new Set([node]));
    }
  }
  return consumers;
}

function isElementwise({ operation, inputs, specs }: Node): boolean {
  if (!operation.fuse || specs.length !== 1 || inputs.length === 0) return false;
  return inputs.every(({ shape }) => sameShape(shape, specs[0].shape) || sizeOf(shape) === 1);
}

/** The tensors that a chain reads from outside, each once. */
function inputsOf(chain: readonly Node[]): Tensor[] {
  const inside = new Set(chain.flatMap((node) => node.outputs));
  return [...new Set(chain.flatMap((node) => node.inputs))].filter((input) => !inside.has(input));
}

function fuse(last: Node, chain: readonly Node[]): Node {
  const inputs = inputsOf(chain);
  const places = new Map<Tensor, number>(inputs.map((input, i) => [input, i]));
  for (const [i, node] of chain.entries()) places.set(node.outputs[0], inputs.length + i);
  const members = chain.map(({ operation, attributes, inputs: operands }) => ({
    operation,
    attributes,
    operands: operands.map((operand) => places.get(operand) ?? 0),
  }));
  const operation = last.operation.fuse?.({ inputs: inputs.length, members });
  return operation ? { ...last, operation, attributes: null, inputs } : last;
}
