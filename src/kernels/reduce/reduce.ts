import { reshape, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { spread, sum } from '../broadcast/broadcast.js';
import { div, equal, mul } from '../elementwise/elementwise.js';
import { type ReduceOptions, reduce, reduceOptions, reduction } from './reduction.js';

const meanOperation = reduction('mean', ({ inputs: [x], outputGradients: [dy], attributes }) => [
  dy && reshape(mul(spread(dy, attributes), attributes.scale), x.shape),
]);

const meanTakes = signature('mean', { x: kinds.tensor }, reduceOptions);

/** Mean over axes. Counterpart: torch.mean. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  meanTakes(arguments);
  return reduce(meanOperation, x, options);
}

const maxOperation = reduction('max', ({ inputs: [x], outputs: [y], outputGradients: [dy], attributes }) => {
  if (!dy) return [undefined];
  const { outer, reduced, inner } = attributes;
  // Equal maxima share the gradient evenly, as in torch.amax.
  const isMax = equal(reshape(x, [outer, reduced, inner]), reshape(y, [outer, 1, inner]));
  const share = div(reshape(dy, [outer, 1, inner]), sum(isMax, { axes: [1], keepDims: true }));
  return [reshape(mul(isMax, share), x.shape)];
});

const maxTakes = signature('max', { x: kinds.tensor }, reduceOptions);

/** Largest value over axes, NaN where one is; equal maxima share the gradient evenly. Counterpart: torch.amax. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  maxTakes(arguments);
  return reduce(maxOperation, x, options);
}

const sumOfSquaresOperation = reduction('sumOfSquares', ({ inputs: [x], outputGradients: [dy], attributes }) => {
  const { outer, reduced, inner, scale } = attributes;
  return [dy && reshape(mul(mul(spread(dy, attributes), reshape(x, [outer, reduced, inner])), 2 * scale), x.shape)];
});

const sumOfSquaresTakes = signature('sumOfSquares', { x: kinds.tensor }, reduceOptions);

/** Sum of squares over axes. */
export function sumOfSquares(x: Tensor, options: ReduceOptions = {}): Tensor {
  sumOfSquaresTakes(arguments);
  return reduce(sumOfSquaresOperation, x, options);
}
