import { fill } from '../../engine/basic-operations.js';
import { type Operation, record, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import type { Operands } from '../../engine/operands.js';
import { signature } from '../../engine/signature.js';
import { binary, broadcasting, unary } from './broadcasting.js';
import type { PointwiseAttributes } from './definition.js';
import { pointwise } from './pointwise.js';

// Each operation: the WGSL of its value for floats, for whole numbers where these stay what they are, and the gradient.
// `dy` is the gradient of the loss by the result.

/** Types with a minus: PyTorch refuses to subtract truth values, too. */
export const NUMBERS: Operands = { x: ['f32', 'f16', 'i32', 'u32'] };

/** The gradient of a function of one tensor that is constant between its jumps: 0, whatever comes from above. */
export const flat: Operation<PointwiseAttributes>['gradient'] = ({ inputs: [x] }) => [fill(x.device, x.shape, 0)];

/** a + b, broadcast; of bool whether either is true. */
export const add = binary({
  name: 'add',
  body: 'return x + y;',
  whole: 'return x + y;',
  gradients: [({ dy }) => dy, ({ dy }) => dy],
});

/** a − b, broadcast. Not for bool: use logicalXor or notEqual. */
export const sub = binary({
  name: 'sub',
  operands: NUMBERS,
  body: 'return x - y;',
  whole: 'return x - y;',
  gradients: [({ dy }) => dy, ({ dy }) => neg(dy)],
});

/** a · b, broadcast; of bool whether both are true. */
export const mul = binary({
  name: 'mul',
  body: 'return x * y;',
  whole: 'return x * y;',
  gradients: [({ dy, operands: [, b] }) => mul(dy, b), ({ dy, operands: [a] }) => mul(dy, a)],
});

/**
 * a / b, broadcast, also where b is a number: a true division, of whole numbers too, which WGSL lets drivers round to
 * 2.5 units of the last place.
 */
export const div = binary({
  name: 'div',
  // WGSL promises nothing for a divisor beyond 2¹²⁶, whose reciprocal is no normal number.
  body: 'let s = select(T(1.0), T(0.25), abs(y) > T(0x1p125)); return (x * s) / (y * s);',
  gradients: [({ dy, operands: [, b] }) => div(dy, b), ({ dy, operands: [, b], y }) => neg(div(mul(dy, y), b))],
});

/** −x. Not for u32, nor for bool: use logicalNot. */
export const neg = unary({
  name: 'neg',
  operands: { x: ['f32', 'f16', 'i32'] },
  body: 'return -x;',
  whole: 'return -x;',
  gradient: ({ outputGradients: [dy] }) => [dy && neg(dy)],
});

/** eˣ. */
export const exp = unary({
  name: 'exp',
  body: 'return exponential(x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, y)],
});

/** Natural logarithm. */
export const log = unary({
  name: 'log',
  body: 'return naturalLogarithm(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && div(dy, x)],
});

/** √x, NaN below 0. */
export const sqrt = unary({
  name: 'sqrt',
  body: 'return sqrt(x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(div(dy, y), 0.5)],
});

/** x². */
export const square = unary({
  name: 'square',
  body: 'return x * x;',
  whole: 'return x * x;',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(mul(dy, x), 2)],
});

/** −1, 0 or 1 by the sign of x, 0 for NaN, with gradient 0. Counterpart: torch.sign. */
export const sign = unary({
  name: 'sign',
  body: 'return select(sign(x), T(0.0), isNan(x));',
  whole: 'return select(T(0), T(1), x > T(0)) - select(T(0), T(1), x < T(0));',
  gradient: flat,
});

/** |x|, with gradient 0 at 0. */
export const abs = unary({
  name: 'abs',
  body: 'return abs(x);',
  whole: 'return abs(x);',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && mul(dy, sign(x))],
});

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
  whole: 'return max(x, T(0));',
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && record(reluGradientOperation, [dy, x], {})[0]],
});

const reluTakes = signature('relu', { x: kinds.tensor });

/** max(x, 0), with gradient 0 at 0 and NaN for NaN, as PyTorch has it. */
export function relu(x: Tensor): Tensor {
  reluTakes(arguments);
  return record(reluOperation, [x], {})[0];
}

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = unary({
  name: 'sigmoid',
  // exp of a non-positive number only, so that nothing overflows.
  body: 'let e = exp(-abs(x)); return keepNan(select(e, T(1.0), x >= T(0.0)) / (T(1.0) + e), x);',
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, sub(y, square(y)))],
});

/** Hyperbolic tangent. */
export const tanh = unary({
  name: 'tanh',
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

// For equal operands, each side gets half of the gradient, and beside NaN all of it: PyTorch's rule for torch.maximum
// and torch.minimum.
const gradientOfLarger = broadcasting({
  name: 'maximum.gradient',
  arity: 3,
  body: 'return select(select(x, T(0.5) * x, isEqual(y, z)), T(0.0), isLess(y, z));',
  gradients: [({ dy, operands: [, a, b] }) => gradientOfLarger(dy, a, b), undefined, undefined],
});

/** The larger of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.maximum. */
export const maximum = binary({
  name: 'maximum',
  body: 'return maximum(x, y);',
  whole: 'return max(x, y);',
  gradients: [
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, a, b),
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, b, a),
  ],
});

/** The smaller of a and b, broadcast; NaN where either is. Equal operands share the gradient. As torch.minimum. */
export const minimum = binary({
  name: 'minimum',
  body: 'return minimum(x, y);',
  whole: 'return min(x, y);',
  gradients: [
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, b, a),
    ({ dy, operands: [a, b] }) => gradientOfLarger(dy, a, b),
  ],
});

const clampOperation = pointwise({
  name: 'clamp',
  arity: 1,
  operands: NUMBERS,
  body: 'return keepNan(clamp(x, p0, p1), x);',
  whole: 'return clamp(x, p0, p1);',
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
