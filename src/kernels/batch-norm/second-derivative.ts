import { cast, type GradientCall, type Tensor } from '../../engine/index.js';
import { broadcastTo } from '../broadcast/broadcast.js';
import { greater } from '../elementwise/comparison.js';
import { add, div, mul, neg, sqrt, square, sub } from '../elementwise/elementwise.js';
import { total } from '../elementwise/total.js';
import { mean } from '../reduce/reduce.js';

/** How a batch is normalized. */
export interface Attributes {
  readonly training: boolean;
  readonly eps: number;
  readonly relu: boolean;
}

/**
 * Gradients of batch normalization's gradients, as a composition of operations, so that there are higher ones too.
 *
 * With g = dy (where the ReLU, if any, lets it through), s = 1 / √(variance + eps), x̂ = (x − mean)·s and ⟨·⟩ the mean
 * over the rows of a channel, the gradients are, in training,
 *   dx = weight·s·(g − ⟨g⟩ − x̂·⟨g·x̂⟩),  dweight = Σ g·x̂,  dbias = Σ g,
 * and in inference, where mean and variance are constants, dx = weight·s·g. Let U, V and W be the gradients by dx,
 * dweight and dbias, and t = ⟨U·g⟩ − ⟨U⟩·⟨g⟩ − ⟨U·x̂⟩·⟨g·x̂⟩. Then those
 *   by g are       weight·s·(U − ⟨U⟩ − x̂·⟨U·x̂⟩) + V·x̂ + W,
 *   by weight are  rows·s·t,
 *   by x are       s·(q − ⟨q⟩ − x̂·⟨q·x̂⟩) − weight·s²·x̂·t  with the gradient by x̂
 *                  q = V·g − weight·s·(⟨g·x̂⟩·U + ⟨U·x̂⟩·g);
 * in inference all means but that of U·g are left out, and so is t by x.
 *
 * @param call Inputs x, dy, weight, bias, mean and variance; outputs dx, dweight and dbias.
 * @returns By x, dy and weight; by the others there is none.
 */
export function secondDerivatives({ inputs, attributes, outputGradients }: GradientCall<Attributes>) {
  const { training, eps, relu } = attributes;
  const [x, dy] = inputs.slice(0, 2).map((tensor) => cast(tensor, 'f32'));
  const [, , weight, bias, runningMean, runningVar] = inputs;
  const [given, V, W] = outputGradients;
  const U = given && cast(given, 'f32');
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const over = (a: Tensor, b: Tensor) => mean(mul(a, b), { axes });

  // Recorded again, so that they too are seen to depend on x.
  const centred = sub(x, training ? mean(x, { axes }) : runningMean);
  const variance = training ? mean(square(centred), { axes }) : runningVar;
  const s = div(1, sqrt(add(variance, eps)));
  const normalized = mul(centred, s);
  const passed = relu ? greater(add(mul(centred, div(weight, sqrt(add(variance, eps)))), bias), 0) : undefined;
  const through = (tensor: Tensor) => (passed ? mul(tensor, passed) : tensor);
  const g = through(dy);
  const scale = mul(weight, s);
  /** What the gradient by x̂ is by x, but for the factor s; the same holds for dx. */
  const project = (tensor: Tensor) =>
    training ? sub(sub(tensor, mean(tensor, { axes })), mul(normalized, over(tensor, normalized))) : tensor;

  const byG = total([U && mul(scale, project(U)), V && mul(V, normalized), W]);
  const slope = over(g, normalized);
  const t =
    U && training
      ? sub(sub(over(U, g), mul(mean(U, { axes }), mean(g, { axes }))), mul(over(U, normalized), slope))
      : U && over(U, g);
  const q = total([
    V && mul(V, g),
    U && training ? neg(mul(scale, add(mul(slope, U), mul(over(U, normalized), g)))) : undefined,
  ]);
  const byX = total([q && mul(s, project(q)), t && training ? neg(mul(mul(mul(scale, s), normalized), t)) : undefined]);
  return {
    byX,
    byDy: byG && through(broadcastTo(byG, x.shape)),
    byWeight: t && mul(mul(s, t), x.size / weight.size),
  };
}
