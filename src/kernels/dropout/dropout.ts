import { cast, type Generator, randomBernoulli, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { mul } from '../elementwise/elementwise.js';

export interface DropoutOptions {
  /** Probability with which a value is dropped. Default 0.5. */
  readonly p?: number;
  /** What decides which. Its next draw is another one, at every call of a compiled function too. */
  readonly generator: Generator;
  /** Default true; else x as it is. */
  readonly training?: boolean;
}

const dropoutTakes = signature<DropoutOptions>(
  'dropout',
  { x: kinds.float },
  { p: kinds.optional(kinds.share), generator: kinds.generator, training: kinds.optional(kinds.flag) },
);

/**
 * Each value of x set to 0 with probability p, and else divided by 1 − p. Counterpart: `torch.nn.functional.dropout`,
 * also in that a dropped NaN or ±∞ is NaN. The gradient goes through the same mask. With p = 0 or 1 nothing is drawn.
 *
 * @throws ShapeError for p outside [0, 1], or without a generator
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  dropoutTakes(arguments);
  const { p = 0.5, generator, training = true } = options;
  if (!training || p === 0) return x;
  if (p === 1) return mul(x, 0);
  const kept = randomBernoulli(x.device, x.shape, generator, 1 - p);
  return mul(x, cast(mul(kept, 1 / (1 - p)), x.dtype));
}
