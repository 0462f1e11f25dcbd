import { type Lowering, type Operation, ShapeError, type TensorSpec, type Value } from '../../engine/index.js';
import { ANY, type Operands } from '../../engine/operands.js';
import { broadcastShapes, broadcastStrides, type Shape, sameShape, sizeOf, storageType } from '../../engine/shape.js';
import { kernel, type Uniforms, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import {
  type Arithmetic,
  bodyOf,
  definitions,
  functionsOf,
  type PointwiseAttributes,
  type PointwiseDefinition,
  typesOf,
} from './definition.js';
import source from './elementwise.wgsl';
import { fusedOperation } from './fused.js';

/**
 * An operation of your own that maps corresponding elements of up to three broadcast operands, by its WGSL. It is
 * recorded with `record`, runs on every type that it says, and fuses with others of its kind in compiled functions. Its
 * gradient is composed of other operations; `sumTo` sums it to the shape of a broadcast operand.
 *
 *   const cube = pointwise({
 *     name: 'cube', arity: 1, body: 'return x * x * x;',
 *     gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(mul(dy, square(x)), 3)],
 *   });
 *   const y = record(cube, [x], {})[0];
 */
export function pointwise(definition: PointwiseDefinition): Operation<PointwiseAttributes> {
  const { arity, gradient } = definition;
  const name = definition.operation ?? definition.name;
  const operation: Operation<PointwiseAttributes> = {
    name,
    operands: definition.operands ?? OPERANDS[arity],
    shape(inputs, attributes) {
      const shape = inputs.reduce<Shape>((common, input) => broadcastShapes(name, common, input.shape), []);
      return [{ shape, dtype: typesOf(definition, inputs, attributes).result }];
    },
    lower: (lowering, inputs, [result], attributes) => lowerPointwise(definition, lowering, inputs, result, attributes),
    fuse: fusedOperation,
    ...(gradient ? { gradient } : {}),
  };
  definitions.set(operation as Operation, definition);
  return operation;
}

const OPERANDS: Readonly<Record<PointwiseDefinition['arity'], Operands>> = {
  1: { x: ANY },
  2: { a: ANY, b: ANY },
  3: { a: ANY, b: ANY, c: ANY },
};

function lowerPointwise(
  definition: PointwiseDefinition,
  lowering: Lowering,
  inputs: readonly Value[],
  result: Value,
  attributes: PointwiseAttributes,
): void {
  const { arithmetic } = typesOf(definition, inputs, attributes);
  const { p0 = 0, p1 = 0 } = attributes;
  const count = sizeOf(result.shape);
  const contiguous = inputs.every((input) => sameShape(input.shape, result.shape) || sizeOf(input.shape) === 1);
  const operands = [...inputs, result];
  const vector = (type: string) => (contiguous ? `vec4<${type}>` : type);
  const typeOf = ({ dtype }: TensorSpec) => vector(storageType(dtype));
  const inFloats = arithmetic === 'f32';
  const floats = contiguous ? 'vec4f' : 'f32';
  // Of truth values 0 and 1 are kept, also where they were added up.
  const asBool = result.dtype === 'bool' && !definition.predicate;
  const [a, b = a, c = a] = inputs;
  const constants = {
    NAME: definition.name,
    TYPE: inFloats ? floats : vector(arithmetic),
    TYPE_OF_F: definition.predicate ? vector('bool') : 'T',
    TYPE_A: typeOf(a),
    TYPE_B: typeOf(b),
    TYPE_C: typeOf(c),
    TYPE_RESULT: typeOf(result),
    CONTIGUOUS: contiguous,
    HAS_B: definition.arity > 1,
    HAS_C: definition.arity > 2,
    RESULT_BINDING: definition.arity + 1,
    BODY: bodyOf(definition, arithmetic),
    RESULT: asBool ? 'f(x, y, z) != T(0)' : 'f(x, y, z)',
  };
  const text = inFloats ? `${source}\n${functionsOf([definition])}` : source;
  const built = (own: Uniforms) => kernel(withNan(text, floats), { constants, uniforms: own });
  const dispatch = {
    label: definition.name,
    bindings: operands,
    writes: [inputs.length],
    flops: count,
  };
  if (contiguous) {
    const vectors = Math.ceil(count / 4);
    let single = 0;
    for (const [k, input] of inputs.entries()) if (sizeOf(input.shape) === 1) single |= 1 << k;
    lowering.dispatch({
      ...dispatch,
      workgroups: linearGrid(vectors),
      ...built(contiguousUniforms[arithmetic]({ count: vectors, single, p0, p1 })),
    });
  } else {
    const { dimensions, rank } = mergedDimensions(inputs, result.shape);
    const own = stridedUniforms[arithmetic]({ dimensions, count, rank, p0, p1 });
    lowering.dispatch({ ...dispatch, workgroups: linearGrid(count), ...built(own) });
  }
}

const MAX_RANK = 6;

/** Bit k of `single`: operand k is a single value. */
const contiguousUniforms = inEachArithmetic((type) =>
  uniforms({ count: 'u32', single: 'u32', p0: type, p1: type } as const),
);

const stridedUniforms = inEachArithmetic((type) =>
  uniforms({
    /** Extent, then the strides of a, b and c. */
    dimensions: `array<vec4u, ${MAX_RANK}>`,
    count: 'u32',
    rank: 'u32',
    p0: type,
    p1: type,
  } as const),
);

function inEachArithmetic<T>(declare: (type: Arithmetic) => T): Readonly<Record<Arithmetic, T>> {
  return { f32: declare('f32'), i32: declare('i32'), u32: declare('u32') };
}

/**
 * Extents and strides of the result's dimensions, innermost first, after merging neighbours that every operand walks
 * as one. Six remain at most: operands of any rank differ in few places.
 */
function mergedDimensions(inputs: readonly Value[], shape: Shape): { dimensions: number[]; rank: number } {
  const strides = inputs.map((input) => broadcastStrides(input.shape, shape));
  const merged: { extent: number; strides: number[] }[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    const own = strides.map((operand) => operand[axis]);
    const inner = merged.at(-1);
    if (inner && own.every((stride, k) => stride === inner.strides[k] * inner.extent)) inner.extent *= shape[axis];
    else merged.push({ extent: shape[axis], strides: own });
  }
  if (merged.length > MAX_RANK) {
    throw new ShapeError(
      `broadcasting over ${merged.length} separate dimensions; at most ${MAX_RANK} are supported, so merge axes with reshape.`,
    );
  }
  const dimensions: number[] = [];
  for (let d = 0; d < MAX_RANK; d++) {
    const { extent, strides: own } = merged[d] ?? { extent: 1, strides: [] };
    dimensions.push(extent, own[0] ?? 0, own[1] ?? 0, own[2] ?? 0);
  }
  return { dimensions, rank: merged.length };
}
