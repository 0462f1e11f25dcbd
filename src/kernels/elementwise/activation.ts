import type { Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import { signature } from '../../engine/signature.js';
import { greater, less, lessEqual, where } from './comparison.js';
import { add, exp, mul, sigmoid, square, sub, tanh } from './elementwise.js';
import { erf, expm1, real } from './mathematics.js';

/** An activation, which is of floats alone. */
function activation(name: string, body: string, derivative: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return real(name, body, derivative, { x: FLOATS });
}

/** log(1 + eˣ). Counterpart: torch.nn.functional.softplus. */
export const softplus = activation('softplus', 'return rectify(x) + logarithmOfOnePlus(exponential(-abs(x)));', (x) =>
  sigmoid(x),
);

/** x · sigmoid(x), also called swish. Counterpart: torch.nn.functional.silu. */
export const silu = activation(
  'silu',
  'let e = exponential(-abs(x)); return x * select(e, T(1.0), x >= T(0.0)) / (T(1.0) + e);',
  (x) => {
    const s = sigmoid(x);
    return mul(s, add(mul(x, sub(1, s)), 1));
  },
);

/** x · tanh(softplus(x)). Counterpart: torch.nn.functional.mish. */
export const mish = activation(
  'mish',
  // tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2), which is 1 long before e² overflows.
  'let e = exponential(minimum(x, T(20.0))); let n = e * (e + T(2.0)); return x * (n / (n + T(2.0)));',
  (x) => {
    const t = tanh(softplus(x));
    return add(t, mul(mul(x, sigmoid(x)), sub(1, square(t))));
  },
);

const exactGelu = activation(
  'gelu',
  'return x * (T(0.5) * (T(1.0) + errorFunction(x * T(0.7071067811865476))));',
  (x) => {
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return add(mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5), mul(x, density));
  },
);

export interface GeluOptions {
  /** By the error function, or by a hyperbolic tangent, which differs by up to 5e-4. Default "none". */
  readonly approximate?: 'none' | 'tanh';
}

const geluTakes = signature<GeluOptions>(
  'gelu',
  { x: kinds.float },
  { approximate: kinds.optional(kinds.oneOf('none', 'tanh')) },
);

/** x · Φ(x), with the distribution function Φ of the normal distribution. Counterpart: torch.nn.functional.gelu. */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  geluTakes(arguments);
  if (approximate === 'none') return exactGelu(x);
  const curve = tanh(mul(mul(x, Math.sqrt(2 / Math.PI)), add(mul(square(x), 0.044715), 1)));
  return mul(mul(x, 0.5), add(curve, 1));
}

export interface LeakyReluOptions {
  /** Slope below 0. Default 0.01. */
  readonly negativeSlope?: number;
}

const leakyReluTakes = signature<LeakyReluOptions>(
  'leakyRelu',
  { x: kinds.float },
  { negativeSlope: kinds.optional(kinds.finite) },
);

/** x above 0, and x times a slope below. Counterpart: torch.nn.functional.leaky_relu. */
export function leakyRelu(x: Tensor, { negativeSlope = 0.01 }: LeakyReluOptions = {}): Tensor {
  leakyReluTakes(arguments);
  return where(greater(x, 0), x, mul(x, negativeSlope));
}

const preluTakes = signature('prelu', { x: kinds.float, weight: kinds.float });

/**
 * x above 0, and x times a learned slope below. Counterpart: torch.nn.functional.prelu.
 *
 * @param weight One slope, or one for each channel, the last axis.
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  preluTakes(arguments);
  const isAbove = greater(x, 0);
  return where(isAbove, x, mul(where(isAbove, 0, x), weight));
}

export interface EluOptions {
  /** What the negative side tends to is −alpha. Default 1. */
  readonly alpha?: number;
}

const eluTakes = signature<EluOptions>('elu', { x: kinds.float }, { alpha: kinds.optional(kinds.finite) });

/** x above 0, and alpha·(eˣ − 1) below. Counterpart: torch.nn.functional.elu. */
export function elu(x: Tensor, { alpha = 1 }: EluOptions = {}): Tensor {
  eluTakes(arguments);
  const isBelow = lessEqual(x, 0);
  return where(isBelow, mul(expm1(where(isBelow, x, 0)), alpha), x);
}

/** x · min(max(x + 3, 0), 6) / 6. Counterpart: torch.nn.functional.hardswish. */
export const hardSwish = activation(
  'hardSwish',
  'return keepNan(x * clamp(x + T(3.0), T(0.0), T(6.0)) * T(0.16666666666666666), x);',
  (x) => where(less(x, -3), 0, where(lessEqual(x, 3), add(mul(x, 1 / 3), 0.5), 1)),
);
