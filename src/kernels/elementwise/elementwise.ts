import { record, type Tensor } from '../../engine/index.js';
import { sumTo } from '../reduce/reduce.js';
import { pointwise } from './pointwise.js';

// Each operation: the WGSL of its value, and right below it the gradient. `dy` is the gradient of the loss by the result.

/** A tensor, or a number that stands for a tensor of that value everywhere. */
export type Operand = Tensor | number;

const addOperation = pointwise({
  name: 'add',
  arity: 2,
  body: 'return x + y;',
  gradient: ({ inputs: [a, b], outputGradients: [dy] }) => [dy && sumTo(dy, a.shape), dy && sumTo(dy, b.shape)],
});

const addNumberOperation = pointwise({
  name: 'addNumber',
  arity: 1,
  body: 'return x + p0;',
  gradient: ({ outputGradients: [dy] }) => [dy],
});

/** a + b, broadcast. */
export function add(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number') return record(addNumberOperation, [tensorOf('add', a)], { p0: b })[0];
  if (typeof a === 'number') return add(b, a);
  return record(addOperation, [a, b], {})[0];
}

const subOperation = pointwise({
  name: 'sub',
  arity: 2,
  body: 'return x - y;',
  gradient: ({ inputs: [a, b], outputGradients: [dy], wanted }) => [
    dy && sumTo(dy, a.shape),
    dy && wanted[1] ? neg(sumTo(dy, b.shape)) : undefined,
  ],
});

/** a − b, broadcast. */
export function sub(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number') return add(a, -b);
  if (typeof a === 'number') return add(neg(b), a);
  return record(subOperation, [a, b], {})[0];
}

const mulOperation = pointwise({
  name: 'mul',
  arity: 2,
  body: 'return x * y;',
  gradient: ({ inputs: [a, b], outputGradients: [dy], wanted }) => [
    dy && wanted[0] ? sumTo(mul(dy, b), a.shape) : undefined,
    dy && wanted[1] ? sumTo(mul(dy, a), b.shape) : undefined,
  ],
});

const mulNumberOperation = pointwise({
  name: 'mulNumber',
  arity: 1,
  body: 'return x * p0;',
  gradient: ({ outputGradients: [dy], attributes: { p0 = 0 } }) => [dy && mul(dy, p0)],
});

/** a · b, broadcast. */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number') return record(mulNumberOperation, [tensorOf('mul', a)], { p0: b })[0];
  if (typeof a === 'number') return mul(b, a);
  return record(mulOperation, [a, b], {})[0];
}

const divOperation = pointwise({
  name: 'div',
  arity: 2,
  body: 'return x / y;',
  gradient: ({ inputs: [a, b], outputs: [y], outputGradients: [dy], wanted }) => [
    dy && wanted[0] ? sumTo(div(dy, b), a.shape) : undefined,
    dy && wanted[1] ? neg(sumTo(div(mul(dy, y), b), b.shape)) : undefined,
  ],
});

const reciprocalOperation = pointwise({
  name: 'reciprocal',
  arity: 1,
  body: 'return p0 / x;',
  gradient: ({ inputs: [x], outputs: [y], outputGradients: [dy] }) => [dy && neg(div(mul(dy, y), x))],
});

/** a / b, broadcast. */
export function div(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number') return mul(a, 1 / b);
  if (typeof a === 'number') return record(reciprocalOperation, [b], { p0: a })[0];
  return record(divOperation, [a, b], {})[0];
}

/** −x. */
export function neg(x: Tensor): Tensor {
  return mul(x, -1);
}

const expOperation = pointwise({
  name: 'exp',
  arity: 1,
  body: 'return keepNan(exp(x), x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, y)],
});

export function exp(x: Tensor): Tensor {
  return record(expOperation, [x], {})[0];
}

const logOperation = pointwise({
  name: 'log',
  arity: 1,
  body: 'return keepNan(log(x), x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && div(dy, x)],
});

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return record(logOperation, [x], {})[0];
}

const sqrtOperation = pointwise({
  name: 'sqrt',
  arity: 1,
  body: 'return sqrt(x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(div(dy, y), 0.5)],
});

export function sqrt(x: Tensor): Tensor {
  return record(sqrtOperation, [x], {})[0];
}

const squareOperation = pointwise({
  name: 'square',
  arity: 1,
  body: 'return x * x;',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(mul(dy, x), 2)],
});

export function square(x: Tensor): Tensor {
  return record(squareOperation, [x], {})[0];
}

const signOperation = pointwise({ name: 'sign', arity: 1, body: 'return sign(x);', gradient: () => [undefined] });

const absOperation = pointwise({
  name: 'abs',
  arity: 1,
  body: 'return abs(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(dy, record(signOperation, [x], {})[0])],
});

/** |x|, with gradient 0 at 0. */
export function abs(x: Tensor): Tensor {
  return record(absOperation, [x], {})[0];
}

const reluGradientOperation = pointwise({
  name: 'relu.gradient',
  arity: 2,
  body: 'return select(T(0.0), x, passes(y));',
  gradient: ({ inputs: [, x], outputGradients: [dy] }) => [
    dy && record(reluGradientOperation, [dy, x], {})[0],
    undefined,
  ],
});

export const reluOperation = pointwise({
  name: 'relu',
  arity: 1,
  body: 'return rectify(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && record(reluGradientOperation, [dy, x], {})[0]],
});

/** max(x, 0), with gradient 0 at 0 and NaN for NaN, as PyTorch has it. */
export function relu(x: Tensor): Tensor {
  return record(reluOperation, [x], {})[0];
}

const sigmoidOperation = pointwise({
  name: 'sigmoid',
  arity: 1,
  // exp of a non-positive number only, so that nothing overflows.
  body: 'let e = exp(-abs(x)); return keepNan(select(e, T(1.0), x >= T(0.0)) / (T(1.0) + e), x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, sub(y, square(y)))],
});

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return record(sigmoidOperation, [x], {})[0];
}

const tanhOperation = pointwise({
  name: 'tanh',
  arity: 1,
  // Drivers' tanh is off by up to 5e-5. Away from zero it follows from exp of a non-positive number; near zero, where
  // that would cancel, from its continued fraction x / (1 + x²/(3 + x²/(5 + x²/(7 + x²/9)))).
  body: [
    'let e = exp(T(-2.0) * abs(x));',
    'let far = sign(x) * (T(1.0) - e) / (T(1.0) + e);',
    'let s = x * x;',
    'let near = x / (T(1.0) + s / (T(3.0) + s / (T(5.0) + s / (T(7.0) + s / T(9.0)))));',
    'return keepNan(select(near, far, abs(x) > T(0.7)), x);',
  ].join('\n  '),
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, sub(1, square(y)))],
});

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return record(tanhOperation, [x], {})[0];
}

// For equal operands, each side gets half of the gradient, and beside NaN all of it: PyTorch's rule for torch.maximum
// and torch.minimum.
const maximumGradientOperation = pointwise({
  name: 'maximum.gradient',
  arity: 3,
  body: 'return select(select(x, T(0.5) * x, isEqual(y, z)), T(0.0), isLess(y, z));',
  gradient: ({ inputs: [, a, b], outputGradients: [dy] }) => [
    dy && record(maximumGradientOperation, [dy, a, b], {})[0],
    undefined,
    undefined,
  ],
});

const maximumOperation = pointwise({
  name: 'maximum',
  arity: 2,
  body: 'return maximum(x, y);',
  gradient: ({ inputs: [a, b], outputGradients: [dy] }) => [
    dy && sumTo(record(maximumGradientOperation, [dy, a, b], {})[0], a.shape),
    dy && sumTo(record(maximumGradientOperation, [dy, b, a], {})[0], b.shape),
  ],
});

/** The larger of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.maximum. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return record(maximumOperation, [a, b], {})[0];
}

/** The smaller of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.minimum. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return neg(maximum(neg(a), neg(b)));
}

const equalOperation = pointwise({
  name: 'equal',
  arity: 2,
  body: 'return select(T(0.0), T(1.0), isEqual(x, y));',
  gradient: () => [undefined, undefined],
});

/** 1 where a equals b, else 0; broadcast, without gradient. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return record(equalOperation, [a, b], {})[0];
}

const greaterOperation = pointwise({
  name: 'greater',
  arity: 2,
  body: 'return select(T(0.0), T(1.0), isLess(y, x));',
  gradient: () => [undefined, undefined],
});

/** 1 where a exceeds b, else 0; broadcast, without gradient. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return record(greaterOperation, [a, b], {})[0];
}

const clampOperation = pointwise({
  name: 'clamp',
  arity: 1,
  body: 'return keepNan(clamp(x, p0, p1), x);',
  gradient: ({ inputs: [x], outputGradients: [dy], attributes }) => [
    dy && record(clampGradientOperation, [dy, x], attributes)[0],
  ],
});

const clampGradientOperation = pointwise({
  name: 'clamp.gradient',
  arity: 2,
  body: 'return select(T(0.0), x, (y >= p0) & (y <= p1) & !isNan(y));',
  gradient: ({ inputs: [, x], outputGradients: [dy], attributes }) => [
    dy && record(clampGradientOperation, [dy, x], attributes)[0],
    undefined,
  ],
});

/**
 * x limited to [low, high]; NaN stays NaN. The gradient passes where x lies within, bounds included. Counterpart: torch.clamp.
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return record(clampOperation, [x], { p0: low, p1: high })[0];
}

function tensorOf(name: string, operand: Operand): Tensor {
  if (typeof operand !== 'number') return operand;
  throw new TypeError(`${name}: two numbers and no tensor; compute that in JavaScript.`);
}
