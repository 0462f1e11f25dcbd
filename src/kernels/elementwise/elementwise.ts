import { record, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { broadcasting, type Operand, takesOperands } from './broadcasting.js';
import { pointwise } from './pointwise.js';

// Each operation: the WGSL of its value, and right below it the gradient. `dy` is the gradient of the loss by the
// result.

const addition = broadcasting({
  name: 'add',
  arity: 2,
  body: 'return x + y;',
  gradients: [({ dy }) => dy, ({ dy }) => dy],
});

const addTakes = takesOperands('add');

/** a + b, broadcast. */
export function add(a: Operand, b: Operand): Tensor {
  addTakes(arguments);
  return addition(a, b);
}

const subtraction = broadcasting({
  name: 'sub',
  arity: 2,
  body: 'return x - y;',
  gradients: [({ dy }) => dy, ({ dy }) => neg(dy)],
});

const subTakes = takesOperands('sub');

/** a − b, broadcast. */
export function sub(a: Operand, b: Operand): Tensor {
  subTakes(arguments);
  return subtraction(a, b);
}

const multiplication = broadcasting({
  name: 'mul',
  arity: 2,
  body: 'return x * y;',
  gradients: [({ dy, operands: [, b] }) => mul(dy, b), ({ dy, operands: [a] }) => mul(dy, a)],
});

const mulTakes = takesOperands('mul');

/** a · b, broadcast. */
export function mul(a: Operand, b: Operand): Tensor {
  mulTakes(arguments);
  return multiplication(a, b);
}

const division = broadcasting({
  name: 'div',
  arity: 2,
  // WGSL promises nothing for a divisor beyond 2¹²⁶, whose reciprocal is no normal number.
  body: 'let s = select(T(1.0), T(0.25), abs(y) > T(0x1p125)); return (x * s) / (y * s);',
  gradients: [({ dy, operands: [, b] }) => div(dy, b), ({ dy, operands: [, b], y }) => neg(div(mul(dy, y), b))],
});

const divTakes = takesOperands('div');

/**
 * a / b, broadcast, also where b is a number: a true division, which WGSL lets drivers round to 2.5 units of the last
 * place.
 */
export function div(a: Operand, b: Operand): Tensor {
  divTakes(arguments);
  return division(a, b);
}

const negOperation = pointwise({
  name: 'neg',
  arity: 1,
  body: 'return -x;',
  gradient: ({ outputGradients: [dy] }) => [dy && neg(dy)],
});

const negTakes = signature('neg', { x: kinds.tensor });

/** −x. */
export function neg(x: Tensor): Tensor {
  negTakes(arguments);
  return record(negOperation, [x], {})[0];
}

const expOperation = pointwise({
  name: 'exp',
  arity: 1,
  body: 'return exponential(x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, y)],
});

const expTakes = signature('exp', { x: kinds.tensor });

export function exp(x: Tensor): Tensor {
  expTakes(arguments);
  return record(expOperation, [x], {})[0];
}

const logOperation = pointwise({
  name: 'log',
  arity: 1,
  body: 'return naturalLogarithm(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && div(dy, x)],
});

const logTakes = signature('log', { x: kinds.tensor });

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  logTakes(arguments);
  return record(logOperation, [x], {})[0];
}

const sqrtOperation = pointwise({
  name: 'sqrt',
  arity: 1,
  body: 'return sqrt(x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(div(dy, y), 0.5)],
});

const sqrtTakes = signature('sqrt', { x: kinds.tensor });

export function sqrt(x: Tensor): Tensor {
  sqrtTakes(arguments);
  return record(sqrtOperation, [x], {})[0];
}

const squareOperation = pointwise({
  name: 'square',
  arity: 1,
  body: 'return x * x;',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(mul(dy, x), 2)],
});

const squareTakes = signature('square', { x: kinds.tensor });

export function square(x: Tensor): Tensor {
  squareTakes(arguments);
  return record(squareOperation, [x], {})[0];
}

const signOperation = pointwise({ name: 'sign', arity: 1, body: 'return sign(x);', gradient: () => [undefined] });

const absOperation = pointwise({
  name: 'abs',
  arity: 1,
  body: 'return abs(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(dy, record(signOperation, [x], {})[0])],
});

const absTakes = signature('abs', { x: kinds.tensor });

/** |x|, with gradient 0 at 0. */
export function abs(x: Tensor): Tensor {
  absTakes(arguments);
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

const reluTakes = signature('relu', { x: kinds.tensor });

/** max(x, 0), with gradient 0 at 0 and NaN for NaN, as PyTorch has it. */
export function relu(x: Tensor): Tensor {
  reluTakes(arguments);
  return record(reluOperation, [x], {})[0];
}

const sigmoidOperation = pointwise({
  name: 'sigmoid',
  arity: 1,
  // exp of a non-positive number only, so that nothing overflows.
  body: 'let e = exp(-abs(x)); return keepNan(select(e, T(1.0), x >= T(0.0)) / (T(1.0) + e), x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, sub(y, square(y)))],
});

const sigmoidTakes = signature('sigmoid', { x: kinds.tensor });

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  sigmoidTakes(arguments);
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

const tanhTakes = signature('tanh', { x: kinds.tensor });

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  tanhTakes(arguments);
  return record(tanhOperation, [x], {})[0];
}

// For equal operands, each side gets half of the gradient, and beside NaN all of it: PyTorch's rule for torch.maximum
// and torch.minimum.
const gradientOfLarger = broadcasting({
  name: 'maximum.gradient',
  arity: 3,
  body: 'return select(select(x, T(0.5) * x, isEqual(y, z)), T(0.0), isLess(y, z));',
  gradients: [({ dy, operands: [, a, b] }) => gradientOfLarger(dy, a, b), undefined, undefined],
});

const larger = broadcasting({
  name: 'maximum',
  arity: 2,
  body: 'return maximum(x, y);',
  gradients: [
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, a, b),
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, b, a),
  ],
});

const maximumTakes = takesOperands('maximum');

/** The larger of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.maximum. */
export function maximum(a: Operand, b: Operand): Tensor {
  maximumTakes(arguments);
  return larger(a, b);
}

const smaller = broadcasting({
  name: 'minimum',
  arity: 2,
  body: 'return minimum(x, y);',
  gradients: [
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, b, a),
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, a, b),
  ],
});

const minimumTakes = takesOperands('minimum');

/** The smaller of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.minimum. */
export function minimum(a: Operand, b: Operand): Tensor {
  minimumTakes(arguments);
  return smaller(a, b);
}

const equality = broadcasting({
  name: 'equal',
  arity: 2,
  body: 'return select(T(0.0), T(1.0), isEqual(x, y));',
  gradients: [],
});

const equalTakes = takesOperands('equal');

/** 1 where a equals b, else 0; broadcast, without gradient. */
export function equal(a: Operand, b: Operand): Tensor {
  equalTakes(arguments);
  return equality(a, b);
}

const excess = broadcasting({
  name: 'greater',
  arity: 2,
  body: 'return select(T(0.0), T(1.0), isLess(y, x));',
  gradients: [],
});

const greaterTakes = takesOperands('greater');

/** 1 where a exceeds b, else 0; broadcast, without gradient. */
export function greater(a: Operand, b: Operand): Tensor {
  greaterTakes(arguments);
  return excess(a, b);
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

const clampTakes = signature('clamp', { x: kinds.tensor, low: kinds.number, high: kinds.number });

/**
 * x limited to [low, high]; NaN stays NaN. The gradient passes where x lies within, bounds included. Counterpart:
 * torch.clamp.
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  clampTakes(arguments);
  return record(clampOperation, [x], { p0: low, p1: high })[0];
}
