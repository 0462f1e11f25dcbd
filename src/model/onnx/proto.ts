/**
 * ONNX model files: the messages of onnx.proto that an exported network needs, IR version 8 (ONNX 1.10, 2021). Field
 * numbers are those of onnx.proto3.
 */
import { PbfWriter } from 'pbf';

const IR_VERSION = 8;

/** TensorProto.DataType. */
export const DATA_TYPES = { float32: 1, uint8: 2, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof DATA_TYPES;

/** A constant of the graph. */
export interface OnnxTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /** Little-endian values, row-major. */
  readonly bytes: Uint8Array;
}

/** An attribute of a node: a text, a whole number, several, or a number that is a float even where it is whole. */
export type OnnxAttribute = string | number | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Names of values; '' for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  readonly dataType: DataType;
  /** Extents; a text names one that is known only when the model runs. */
  readonly dims: readonly (number | string)[];
  readonly description: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly operatorSet: number;
  readonly producer: { readonly name: string; readonly version: string };
  readonly description: string;
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, IR_VERSION);
  writer.writeStringField(2, model.producer.name);
  writer.writeStringField(3, model.producer.version);
  writer.writeStringField(6, model.description);
  writer.writeMessage(7, writeGraph, model.graph);
  writer.writeMessage(8, writeOperatorSet, model.operatorSet);
  for (const property of Object.entries(model.metadata)) writer.writeMessage(14, writeProperty, property);
  return writer.finish();
}

function writeGraph(graph: OnnxGraph, writer: PbfWriter): void {
  for (const node of graph.nodes) writer.writeMessage(1, writeNode, node);
  writer.writeStringField(2, graph.name);
  for (const tensor of graph.initializers) writer.writeMessage(5, writeTensor, tensor);
  for (const value of graph.inputs) writer.writeMessage(11, writeValue, value);
  for (const value of graph.outputs) writer.writeMessage(12, writeValue, value);
}

function writeNode({ name, operator, inputs, outputs, attributes }: OnnxNode, writer: PbfWriter): void {
  for (const input of inputs) writer.writeStringField(1, input);
  for (const output of outputs) writer.writeStringField(2, output);
  writer.writeStringField(3, name);
  writer.writeStringField(4, operator);
  for (const attribute of Object.entries(attributes)) writer.writeMessage(5, writeAttribute, attribute);
}

/** AttributeProto; its field 20 tells which of the others is set. */
function writeAttribute([name, value]: readonly [string, OnnxAttribute], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  if (typeof value === 'string') {
    writer.writeBytesField(4, new TextEncoder().encode(value));
    writer.writeVarintField(20, 3);
  } else if (typeof value === 'number') {
    writer.writeVarintField(3, value);
    writer.writeVarintField(20, 2);
  } else if ('float' in value) {
    writer.writeFloatField(2, value.float);
    writer.writeVarintField(20, 1);
  } else {
    for (const element of value) writer.writeVarintField(8, element);
    writer.writeVarintField(20, 7);
  }
}

function writeTensor({ name, dataType, dims, bytes }: OnnxTensor, writer: PbfWriter): void {
  for (const extent of dims) writer.writeVarintField(1, extent);
  writer.writeVarintField(2, DATA_TYPES[dataType]);
  writer.writeStringField(8, name);
  writer.writeBytesField(9, bytes);
}

function writeValue({ name, dataType, dims, description }: OnnxValue, writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeMessage(2, writeType, { dataType, dims });
  writer.writeStringField(3, description);
}

/** TypeProto, of which a tensor is one case. */
function writeType(type: Pick<OnnxValue, 'dataType' | 'dims'>, writer: PbfWriter): void {
  writer.writeMessage(1, writeTensorType, type);
}

function writeTensorType({ dataType, dims }: Pick<OnnxValue, 'dataType' | 'dims'>, writer: PbfWriter): void {
  writer.writeVarintField(1, DATA_TYPES[dataType]);
  writer.writeMessage(2, writeShape, dims);
}

function writeShape(dims: OnnxValue['dims'], writer: PbfWriter): void {
  for (const extent of dims) writer.writeMessage(1, writeExtent, extent);
}

function writeExtent(extent: number | string, writer: PbfWriter): void {
  if (typeof extent === 'number') writer.writeVarintField(1, extent);
  else writer.writeStringField(2, extent);
}

function writeOperatorSet(version: number, writer: PbfWriter): void {
  writer.writeVarintField(2, version);
}

function writeProperty([key, value]: readonly [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, key);
  writer.writeStringField(2, value);
}
