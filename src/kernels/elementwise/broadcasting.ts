import { type Operation, record, ShapeError, Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { sumTo } from '../broadcast/broadcast.js';
import type { PointwiseAttributes, PointwiseDefinition } from './definition.js';
import { pointwise } from './pointwise.js';

/** A tensor, or a number that stands for a tensor of that value everywhere. */
export type Operand = Tensor | number;

/** The bodies take the operands as `x`, `y` and `z`. */
export interface BroadcastDefinition
  extends Pick<PointwiseDefinition, 'body' | 'functions' | 'whole' | 'predicate' | 'operands' | 'conditional'> {
  readonly name: string;
  readonly arity: 2 | 3;
  /** The gradient by each operand, in the shape of the result; undefined where it is zero. */
  readonly gradients: readonly (((call: BroadcastGradient) => Tensor) | undefined)[];
}

/** The gradient by the result y, with the operands of the call. */
export interface BroadcastGradient {
  readonly dy: Tensor;
  readonly operands: readonly Operand[];
  readonly y: Tensor;
}

/**
 * An operation on broadcast operands, of which some can be numbers: for each way of mixing them there is one kernel,
 * which is the same body with `p0` and `p1` where numbers stand.
 *
 * @returns Records it.
 */
export function broadcasting(definition: BroadcastDefinition): (...operands: readonly Operand[]) => Tensor {
  const operations = new Map<string, Operation<PointwiseAttributes>>();
  return (...operands) => {
    const tensors = operands.filter((operand) => operand instanceof Tensor);
    const [p0, p1] = operands.filter((operand) => typeof operand === 'number');
    if (tensors.length === 0) {
      throw new ShapeError(`${definition.name}: numbers and no tensor; compute that in JavaScript.`);
    }
    // The variable that holds each operand in the kernel.
    let [tensor, number] = [0, 0];
    const variables = operands.map((operand) => (typeof operand === 'number' ? `p${number++}` : 'xyz'[tensor++]));
    const key = variables.join(', ');
    const operation = operations.get(key) ?? mixed(definition, variables);
    operations.set(key, operation);
    return record(operation, tensors, { p0, p1 })[0];
  };
}

function mixed(
  { name, body, whole, gradients, ...definition }: BroadcastDefinition,
  variables: readonly string[],
): Operation<PointwiseAttributes> {
  const numbers = variables.some((variable) => variable.startsWith('p'));
  const places = variables.flatMap((variable, place) => (variable.startsWith('p') ? [] : [place]));
  const arguments_ = variables.join(', ');
  const renamed = (text: string) => text.replace(/\b[xyz]\b/g, (variable) => variables['xyz'.indexOf(variable)]);
  return pointwise({
    ...definition,
    name: !numbers ? name : arguments_ === 'x, p0' ? `${name}Number` : `${name}(${arguments_})`,
    operation: name,
    arity: places.length as 1 | 2 | 3,
    body: renamed(body),
    ...(whole === undefined ? {} : { whole: renamed(whole) }),
    gradient({ inputs, outputs: [y], outputGradients: [dy], attributes, wanted }) {
      const operands = variables.map((variable) => {
        if (variable === 'p0' || variable === 'p1') return attributes[variable] ?? 0;
        return inputs['xyz'.indexOf(variable)];
      });
      return places.map((place, i) => {
        const rule = gradients[place];
        return dy && rule && wanted[i] ? sumTo(rule({ dy, operands, y }), inputs[i].shape) : undefined;
      });
    },
  });
}

const operand = kinds.either(kinds.tensor, kinds.scalar);

/** Checks the arguments of a function of two broadcast operands. */
export function takesOperands(name: string): (given: ArrayLike<unknown>) => void {
  return signature(name, { a: operand, b: operand });
}

/** A public function of two broadcast operands. */
export function binary(definition: Omit<BroadcastDefinition, 'arity'>): (a: Operand, b: Operand) => Tensor {
  const takes = takesOperands(definition.name);
  const operation = broadcasting({ ...definition, arity: 2 });
  return function (a, b) {
    takes(arguments);
    return operation(a, b);
  };
}

/** A public function of one tensor. */
export function unary(definition: Omit<PointwiseDefinition, 'arity'>): (x: Tensor) => Tensor {
  const takes = signature(definition.name, { x: kinds.tensor });
  const operation = pointwise({ ...definition, arity: 1 });
  return function (x) {
    takes(arguments);
    return record(operation, [x], {})[0];
  };
}
