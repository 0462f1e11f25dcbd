import { viewOperation } from './basic-operations.js';
import type { Node } from './graph.js';
import type { Region } from './memory-heap.js';
import type { Tensor } from './tensor.js';

/**
 * The last read of each tensor's memory, so that an in-place update knows whether it may overwrite.
 * Views count for the tensor they look into, and stored tensors that overlap count as one.
 */
export class Reads {
  private readonly last = new Map<Tensor | Region, number>();
  private readonly viewed = new Map<Tensor, Tensor>();

  /** @param kept Tensors that are read after the last node: results, and values of effects. */
  constructor(nodes: readonly Node[], kept: Iterable<Tensor>) {
    for (const [position, node] of nodes.entries()) {
      if (node.operation === viewOperation) this.viewed.set(node.outputs[0], node.inputs[0]);
      for (const input of node.inputs) this.last.set(this.memoryOf(input), position);
    }
    for (const tensor of kept) this.last.set(this.memoryOf(tensor), nodes.length);
  }

  /** Whether the node at `position` is the last to read `node.inputs[input]`, and reads it through that input only. */
  endsAt(position: number, node: Node, input: number): boolean {
    const memory = this.memoryOf(node.inputs[input]);
    if (this.last.get(memory) !== position) return false;
    return node.inputs.every((other, i) => i === input || this.memoryOf(other) !== memory);
  }

  private memoryOf(tensor: Tensor): Tensor | Region {
    let base = tensor;
    for (let next = this.viewed.get(base); next; next = this.viewed.get(base)) base = next;
    return base.origin.kind === 'stored' ? base.origin.storage.region : base;
  }
}
