import type { SafetensorsTensor } from '../safetensors.js';
import { OnnxError } from './errors.js';
import type { DataType, OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './proto.js';

/** The name of a value in the graph. */
export type ValueName = string;

/** Collects nodes, constants, inputs and outputs, and sees to it that every name is given once. */
export class GraphBuilder {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers = new Map<ValueName, OnnxTensor>();
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly names = new Set<string>();

  input(value: OnnxValue): ValueName {
    this.inputs.push(value);
    return this.take(value.name);
  }

  /**
   * A node with one output, which has the node's name.
   *
   * @param name A slash separates levels; made unique by a number where it is taken.
   */
  node(
    operator: string,
    name: string,
    inputs: readonly ValueName[],
    attributes: OnnxNode['attributes'] & Record<string, OnnxAttribute> = {},
  ): ValueName {
    const output = this.take(name);
    this.nodes.push({ name: output, operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** Gives a value the name of an output of the graph. */
  output(from: ValueName, value: OnnxValue): void {
    this.node('Identity', value.name, [from]);
    this.outputs.push(value);
  }

  floats(name: string, values: readonly number[], dims: readonly number[] = [values.length]): ValueName {
    return this.constant(name, 'float32', dims, Float32Array.from(values));
  }

  integers(name: string, values: readonly number[], dims: readonly number[] = [values.length]): ValueName {
    return this.constant(name, 'int64', dims, BigInt64Array.from(values, BigInt));
  }

  /** A weight under its own name. Half-precision ones are kept so, and become floats when the model is loaded. */
  weight(name: string, tensor: SafetensorsTensor): ValueName {
    switch (tensor.dtype) {
      case 'F32':
        return this.constant(name, 'float32', tensor.shape, tensor.data);
      case 'F16':
        return this.node('Cast', `${name}/float`, [this.constant(name, 'float16', tensor.shape, tensor.data)], {
          to: 1,
        });
      default:
        throw new OnnxError(`${name} holds ${tensor.dtype}; an exported weight is F32 or F16.`);
    }
  }

  build(name: string): OnnxGraph {
    const { nodes, inputs, outputs } = this;
    return { name, nodes, initializers: [...this.initializers.values()], inputs, outputs };
  }

  private constant(
    name: string,
    dataType: DataType,
    dims: readonly number[],
    { buffer, byteOffset, byteLength }: ArrayBufferView,
  ): ValueName {
    const taken = this.take(name);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.initializers.set(taken, { name: taken, dataType, dims, bytes });
    return taken;
  }

  private take(name: string): string {
    let unique = name;
    for (let count = 2; this.names.has(unique); count++) unique = `${name}_${count}`;
    this.names.add(unique);
    return unique;
  }
}
