import { reshape, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { spread, sum } from '../broadcast/broadcast.js';
import { equal } from '../elementwise/comparison.js';
import { div, mul } from '../elementwise/elementwise.js';
import { type ReduceOptions, type Reduction, reduce, reduceOptions, reduction } from './reduction.js';

const meanOperation = reduction('mean', ({ inputs: [x], outputGradients: [dy], attributes }) => [
  dy && reshape(mul(spread(dy, attributes), attributes.scale), x.shape),
]);

const meanTakes = signature('mean', { x: kinds.tensor }, reduceOptions);

/** Mean over axes. Counterpart: torch.mean. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  meanTakes(arguments);
  return reduce(meanOperation, x, options);
}

/** Of the largest or the smallest value: equal ones share the gradient evenly, as in torch.amax and torch.amin. */
const ofExtremum: Reduction['gradient'] = ({ inputs: [x], outputs: [y], outputGradients: [dy], attributes }) => {
  if (!dy) return [undefined];
  const { outer, reduced, inner } = attributes;
  const isExtremum = equal(reshape(x, [outer, reduced, inner]), reshape(y, [outer, 1, inner]));
  const share = div(reshape(dy, [outer, 1, inner]), sum(isExtremum, { axes: [1], keepDims: true }));
  return [reshape(mul(isExtremum, share), x.shape)];
};

const maxOperation = reduction('max', ofExtremum);

const maxTakes = signature('max', { x: kinds.tensor }, reduceOptions);

/** Largest value over axes, NaN where one is; equal maxima share the gradient evenly. Counterpart: torch.amax. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  maxTakes(arguments);
  return reduce(maxOperation, x, options);
}

const minOperation = reduction('min', ofExtremum);

const minTakes = signature('min', { x: kinds.tensor }, reduceOptions);

/** Smallest value over axes, NaN where one is; equal minima share the gradient evenly. Counterpart: torch.amin. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  minTakes(arguments);
  return reduce(minOperation, x, options);
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
