import { cast, Generator, randomBernoulli, ShapeError, type Tensor, TensorError } from '../../engine/index.js';
import { mul } from '../elementwise/elementwise.js';

export interface DropoutOptions {
  /** Probability with which a value is dropped. Default 0.5. */
  readonly p?: number;
  /** What decides which. Its next draw is another one, at every call of a compiled function too. */
  readonly generator: Generator;
  /** Default true; else x as it is. */
  readonly training?: boolean;
}

/**
 * Each value of x set to 0 with probability p, and else divided by 1 − p. Counterpart: `torch.nn.functional.dropout`, also in
 * that a dropped NaN or ±∞ is NaN. The gradient goes through the same mask. With p = 0 or 1 nothing is drawn.
 *
 * @throws ShapeError for p outside [0, 1]; TensorError without a generator
 */
export function dropout(x: Tensor, { p = 0.5, generator, training = true }: DropoutOptions): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ShapeError(`dropout: p is ${p}; give a probability from 0 to 1.`);
  if (!(generator instanceof Generator)) {
    throw new TensorError(
      'dropout: needs a generator, which decides what is dropped; give { generator: device.generator(seed) }.',
    );
  }
  if (!training || p === 0) return x;
  if (p === 1) return mul(x, 0);
  const kept = randomBernoulli(x.device, x.shape, generator, 1 - p);
  return mul(x, cast(mul(kept, 1 / (1 - p)), x.dtype));
}
