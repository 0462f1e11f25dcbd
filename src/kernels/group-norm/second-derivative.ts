import { cast, type GradientCall, reshape, type Tensor } from '../../engine/index.js';
import { broadcastTo, sum } from '../broadcast/index.js';
import { add, div, mul, neg, sqrt, square, sub } from '../elementwise/index.js';
import { total } from '../elementwise/total.js';
import { mean } from '../reduce/index.js';

/** Plain data: attributes are compared, printed and hashed. */
export interface GroupNormAttributes {
  readonly groups: number;
  readonly eps: number;
}

/**
 * Gradients of group normalization's gradients, as a composition of operations, so that there are higher ones too.
 *
 * With h = weight·dy, s = 1 / √(variance + eps), x̂ = (x − mean)·s and ⟨·⟩ the mean over the M values of a group, the
 * gradients are
 *   dx = s·(h − ⟨h⟩ − x̂·⟨h·x̂⟩),  dweight = Σ dy·x̂,  dbias = Σ dy,
 * the sums over the positions of a sample. Let U, V and W be the gradients by dx, dweight and dbias, and
 * t = ⟨U·h⟩ − ⟨U⟩·⟨h⟩ − ⟨U·x̂⟩·⟨h·x̂⟩. Then those
 *   by h are       a = s·(U − ⟨U⟩ − x̂·⟨U·x̂⟩),
 *   by dy are      weight·a + V·x̂ + W,
 *   by weight are  Σ dy·a over samples and positions,
 *   by x are       s·(q − ⟨q⟩ − x̂·⟨q·x̂⟩) − s²·x̂·t  with  q = V·dy − s·(⟨h·x̂⟩·U + ⟨U·x̂⟩·h), the gradient by x̂.
 *
 * @param call Inputs x, dy, weight, mean and inverse; outputs dx, dweight and dbias.
 * @returns By x, dy and weight; mean and inverse are recorded again, so that they too are seen to depend on x.
 */
export function secondDerivatives(call: GradientCall<GroupNormAttributes>): (Tensor | undefined)[] {
  const { groups, eps } = call.attributes;
  const { shape } = call.inputs[0];
  const [samples] = shape;
  const channels = shape[shape.length - 1];
  const width = channels / groups;
  const grouped = (tensor: Tensor) => reshape(cast(tensor, 'f32'), [samples, -1, groups, width]);
  const average = (tensor: Tensor) => mean(tensor, { axes: [1, 3], keepDims: true });
  const [x, dy] = call.inputs.slice(0, 2).map(grouped);
  const weight = reshape(call.inputs[2], [1, 1, groups, width]);
  const [U, V, W] = call.outputGradients.map((gradient) => gradient && grouped(gradient));

  const centred = sub(x, average(x));
  const s = div(1, sqrt(add(average(square(centred)), eps)));
  const normalized = mul(centred, s);
  /** The gradient by x of a gradient by x̂, but for the factor s; the same holds for dx. */
  const project = (tensor: Tensor) =>
    sub(sub(tensor, average(tensor)), mul(normalized, average(mul(tensor, normalized))));

  const h = mul(dy, weight);
  const slope = average(mul(h, normalized));
  const a = U && mul(s, project(U));
  const along = U && average(mul(U, normalized));
  const t = U && along && sub(sub(average(mul(U, h)), mul(average(U), average(h))), mul(along, slope));
  const q = total([V && mul(V, dy), U && along && neg(mul(s, add(mul(slope, U), mul(along, h))))]);
  const byX = total([q && mul(s, project(q)), t && neg(mul(mul(square(s), normalized), t))]);
  const byDy = total([a && mul(a, weight), V && mul(V, normalized), W]);
  return [
    byX && reshape(byX, shape),
    byDy && reshape(broadcastTo(byDy, x.shape), shape),
    a && reshape(sum(mul(dy, a), { axes: [0, 1] }), [channels]),
    undefined,
    undefined,
  ];
}
