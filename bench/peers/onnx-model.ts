import type { ConvolutionWork, MatmulWork } from './contest.js';

/**
 * A model of one node in ONNX's protocol buffers: `y = MatMul(x, w)`, or `y = Conv(x, w)` with padding 1, both operands
 * inputs of it. Source: onnx.proto3, IR version 8, operator set 13.
 */
export function onnxModel(work: MatmulWork | ConvolutionWork): Uint8Array {
  const shapes =
    work.kind === 'matmul'
      ? { x: [work.n, work.n], w: [work.n, work.n], y: [work.n, work.n] }
      : {
          x: [1, work.channels, work.size, work.size],
          w: [work.channels, work.channels, 3, 3],
          y: [1, work.channels, work.size, work.size],
        };
  const pads = message(text(1, 'pads'), ...[1, 1, 1, 1].map((pad) => number(8, pad)), number(20, ATTRIBUTE_INTS));
  const node = message(
    text(1, 'x'),
    text(1, 'w'),
    text(2, 'y'),
    text(4, work.kind === 'matmul' ? 'MatMul' : 'Conv'),
    ...(work.kind === 'matmul' ? [] : [bytes(5, pads)]),
  );
  const graph = message(
    bytes(1, node),
    text(2, work.name),
    bytes(11, valueInfo('x', shapes.x)),
    bytes(11, valueInfo('w', shapes.w)),
    bytes(12, valueInfo('y', shapes.y)),
  );
  return message(number(1, 8), bytes(7, graph), bytes(8, message(number(2, 13))));
}

const ATTRIBUTE_INTS = 7;
const FLOAT = 1;

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = shape.map((extent) => bytes(1, message(number(1, extent))));
  const tensor = message(number(1, FLOAT), bytes(2, message(...dimensions)));
  return message(text(1, name), bytes(2, message(bytes(1, tensor))));
}

/** Fields side by side. */
function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((field) => [...field]));
}

function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length), ...content]);
}

function text(field: number, content: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(content));
}

/** Seven bits a byte, the lowest first, the highest bit set on all but the last. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
