import { fill } from '../../engine/basic-operations.js';
import { ShapeError, Tensor } from '../../engine/index.js';
import type { Operands } from '../../engine/operands.js';
import { isFloat } from '../../engine/shape.js';
import { binary, broadcasting, type Operand, takesOperands, unary } from './broadcasting.js';
import { equal, greaterEqual, isFinite as isNumber, logicalAnd, where } from './comparison.js';
import { add, div, exp, flat, log, mul, NUMBERS, neg, square, sub } from './elementwise.js';
import { functionsFor } from './functions.js';

/**
 * A function of one tensor in floats, by the statements of its WGSL and its derivative at x, where its value is y: one
 * factor of what comes from above, as in PyTorch.
 */
export function real(
  name: string,
  body: string,
  derivative: (x: Tensor, y: Tensor) => Tensor,
  operands?: Operands,
): (x: Tensor) => Tensor {
  return unary({
    ...{ name, body, functions: functionsFor },
    ...(operands ? { operands } : {}),
    gradient: ({ inputs: [x], outputs: [y], outputGradients: [dy] }) => [dy && mul(dy, derivative(x, y))],
  });
}

/** 1/√x. */
export const rsqrt = real('rsqrt', 'return inverseSqrt(x);', (_, y) => mul(mul(y, square(y)), -0.5));
/** 1/x. */
export const reciprocal = real('reciprocal', 'return T(1.0) / x;', (_, y) => neg(square(y)));
/** log(1 + x), exact for small x too. */
export const log1p = real('log1p', 'return logarithmOfOnePlus(x);', (x) => div(1, add(x, 1)));
/** eˣ − 1, exact for small x too. */
export const expm1 = real('expm1', 'return exponentialMinusOne(x);', (_, y) => add(y, 1));
/**
 * Sine of radians, to 2 roundings up to |x| = 12,000 and as far as x itself is exact up to 10⁶; WGSL's own is off by up
 * to 2⁻¹¹.
 */
export const sin = real('sin', 'return sinusoid(x, 0.0);', (x) => cos(x));
/** Cosine of radians, as exact as {@link sin}. */
export const cos = real('cos', 'return sinusoid(x, 1.0);', (x) => neg(sin(x)));
/** Tangent of radians. */
export const tan = real('tan', 'return tangent(x);', (_, y) => add(square(y), 1));
/** Arcsine, NaN beyond ±1. */
export const asin = real('asin', 'return arctangent(x / sqrt((T(1.0) - x) * (T(1.0) + x)));', (x) =>
  rsqrt(mul(sub(1, x), add(x, 1))),
);
/** Arccosine, NaN beyond ±1. */
export const acos = real('acos', 'return T(2.0) * arctangent(sqrt((T(1.0) - x) / (T(1.0) + x)));', (x) =>
  neg(rsqrt(mul(sub(1, x), add(x, 1)))),
);
/** Arctangent. */
export const atan = real('atan', 'return arctangent(x);', (x) => div(1, add(square(x), 1)));
/** Hyperbolic sine. */
export const sinh = real('sinh', 'return hyperbolicSine(x);', (x) => cosh(x));
/** Hyperbolic cosine. */
export const cosh = real('cosh', 'return hyperbolicCosine(x);', (x) => sinh(x));
/** Inverse hyperbolic sine. */
export const asinh = real('asinh', 'return areaSine(x);', (x) => rsqrt(add(square(x), 1)));
/** Inverse hyperbolic cosine, NaN below 1. */
export const acosh = real('acosh', 'return areaCosine(x);', (x) => rsqrt(mul(sub(x, 1), add(x, 1))));
/** Inverse hyperbolic tangent, NaN beyond ±1. */
export const atanh = real('atanh', 'return areaTangent(x);', (x) => div(1, mul(sub(1, x), add(x, 1))));
/** Error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf = real('erf', 'return errorFunction(x);', (x) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)));

/** To whole numbers, which stay what they are; with gradient 0. */
function rounding(name: string, body: string): (x: Tensor) => Tensor {
  return unary({
    name,
    operands: NUMBERS,
    body: `return keepNan(${body}, x);`,
    whole: 'return x;',
    gradient: flat,
  });
}

/** The largest whole number that is not above x. */
export const floor = rounding('floor', 'floor(x)');
/** The smallest whole number that is not below x. */
export const ceil = rounding('ceil', 'ceil(x)');
/** The nearest whole number, the even one of two. Counterpart: torch.round. */
export const round = rounding('round', 'round(x)');
/** x without its fraction. */
export const trunc = rounding('trunc', 'trunc(x)');

/**
 * a − b·⌊a/b⌋, the remainder with the sign of b, broadcast; NaN for b = 0, of whole numbers 0. Its error is that of
 * a/b, times b. Counterpart: torch.remainder.
 */
export const mod = binary({
  name: 'mod',
  operands: NUMBERS,
  body: 'return remainder(x, y);',
  functions: functionsFor,
  whole: [
    'let divisor = select(y, T(1), y == T(0));',
    'let r = x % divisor;',
    'return select(r, r + divisor, (r != T(0)) & ((r < T(0)) != (divisor < T(0))));',
  ].join('\n  '),
  gradients: [
    ({ dy }) => dy,
    ({ dy, operands: [a, b] }) => {
      const quotient = floor(div(a, b));
      return neg(mul(dy, typeof a === 'number' ? quotient : where(isNumber(a), quotient, Number.NaN)));
    },
  ],
});

const power = broadcasting({
  name: 'pow',
  arity: 2,
  operands: NUMBERS,
  body: 'return power(x, y);',
  functions: functionsFor,
  whole: [
    'var result = T(1); var factor = x; var rest = y;',
    'for (var bit = 0; bit < 31; bit++) {',
    '  result *= select(T(1), factor, rest % T(2) == T(1)); factor *= factor; rest /= T(2);',
    '}',
    'return result;',
  ].join('\n  '),
  // A slope of 0 where the value is constant, also where the other factor is infinite: PyTorch's rule.
  gradients: [
    ({ dy, operands: [a, b] }) => {
      const constant = typeof b === 'number' ? b === 0 : equal(b, 0);
      if (constant === true) return fill(dy.device, dy.shape, 0);
      const slope = mul(dy, mul(power(a, typeof b === 'number' ? b - 1 : sub(b, 1)), b));
      return constant === false ? slope : where(constant, 0, slope);
    },
    ({ dy, operands: [a, b], y }) => {
      const slope = mul(dy, mul(y, typeof a === 'number' ? Math.log(a) : log(a)));
      if (typeof a === 'number') return a === 0 ? where(greaterEqual(b, 0), 0, slope) : slope;
      return where(logicalAnd(equal(a, 0), greaterEqual(b, 0)), 0, slope);
    },
  ],
});

const powTakes = takesOperands('pow');

/**
 * aᵇ, broadcast, off by about (1 + |b·log₂ a|)·2⁻²² of itself; NaN for a negative a and b that is no whole number. Of
 * whole numbers exact, modulo 2³². Counterpart: torch.pow.
 * @throws ShapeError for a negative number b and whole numbers a
 */
export function pow(a: Operand, b: Operand): Tensor {
  powTakes(arguments);
  if (b === 2 && a instanceof Tensor && a.dtype !== 'bool') return square(a);
  if (a instanceof Tensor && !isFloat(a.dtype) && typeof b === 'number' && Number.isInteger(b) && b < 0) {
    throw new ShapeError(`pow: a is ${a.dtype} and b is ${b}, which gives fractions; make a f32 with cast(a, 'f32').`);
  }
  return power(a, b);
}
