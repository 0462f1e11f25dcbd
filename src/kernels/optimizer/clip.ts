import { layoutArenas, packRecorded, unpack } from '../../engine/arena.js';
import { SondeError, scope, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { add, clamp, div, mul, sqrt } from '../elementwise/elementwise.js';
import { sumOfSquares } from '../reduce/reduce.js';

const maxNorm = kinds.either(kinds.positive, kinds.float);
const globalNormTakes = signature('globalNorm', { gradients: kinds.learnable });
const clipByNormTakes = signature('clipByNorm', { gradients: kinds.learnable, maxNorm });
const clipWithNormTakes = signature<{ scale?: Tensor }>(
  'clipWithNorm',
  { gradients: kinds.learnable, maxNorm },
  { scale: kinds.optional(kinds.float) },
);

/** The Euclidean norm of all gradients taken as one vector. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  globalNormTakes(arguments);
  return flatten(gradients).norm;
}

/**
 * Scales gradients so that their common norm is at most `maxNorm`, on the device.
 * Counterpart: torch.nn.utils.clip_grad_norm_, with its 1e-6 in the denominator.
 *
 * @returns The scaled gradients, in order; they stay in arenas, so that an optimizer takes them without a copy.
 */
export function clipByNorm(gradients: readonly Tensor[], maxNorm: number | Tensor): Tensor[] {
  clipByNormTakes(arguments);
  return clipWithNorm(gradients, maxNorm).gradients;
}

/**
 * As {@link clipByNorm}, with the norm before clipping.
 *
 * @param gradients As `gradients` returns them.
 * @param maxNorm The norm that they are brought down to where they exceed it.
 * @param options `scale`: by which the loss, and so each gradient, was multiplied; both come out without it.
 */
export function clipWithNorm(
  gradients: readonly Tensor[],
  maxNorm: number | Tensor,
  { scale }: { readonly scale?: Tensor } = {},
): { gradients: Tensor[]; norm: Tensor } {
  clipWithNormTakes(arguments);
  return scope('clip', () => {
    const { arenas, norm: scaled } = flatten(gradients);
    const norm = scale ? div(scaled, scale) : scaled;
    const clipping = clamp(div(maxNorm, add(norm, 1e-6)), 0, 1);
    const factor = scale ? div(clipping, scale) : clipping;
    const clipped: Tensor[] = [];
    const shapes = gradients.map((gradient) => gradient.shape);
    for (const { layout, flat } of arenas) {
      for (const [index, tensor] of unpack(mul(flat, factor), layout, shapes)) clipped[index] = tensor;
    }
    return { gradients: clipped, norm };
  });
}

function flatten(gradients: readonly Tensor[]) {
  if (gradients.length === 0) throw new SondeError('clip: no gradients; give at least one.');
  const { device } = gradients[0];
  const layouts = layoutArenas(
    gradients.map((gradient) => gradient.size),
    device.limits.maxStorageBufferBindingSize,
  );
  const arenas = layouts.map((layout) => ({ layout, flat: packRecorded(gradients, layout) }));
  const norm = sqrt(arenas.map(({ flat }) => sumOfSquares(flat)).reduce((total, part) => add(total, part)));
  return { arenas, norm };
}
