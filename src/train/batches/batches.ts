import { SondeError } from '../../engine/errors.js';
import { RandomStream } from '../philox.js';

/** Batches that cannot be formed. */
export class BatchError extends SondeError {
  override name = 'BatchError';
}

/**
 * The order in which an epoch takes the frames 0 … count − 1: shuffled as Fisher and Yates do, the same for the same
 * arguments.
 *
 * @param seed whole number from 0 to 2³² − 1 @param epoch likewise
 * @throws BatchError, RandomKeyError
 */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  if (!Number.isInteger(count) || count < 0 || count >= 2 ** 32) {
    throw new BatchError(`There cannot be ${count} frames to order; give a whole number from 0 to ${2 ** 32 - 1}.`);
  }
  const stream = new RandomStream('order', { seed, epoch });
  return shuffled(
    Uint32Array.from({ length: count }, (_, frame) => frame),
    stream,
  );
}

/** Shuffles in place. */
function shuffled(order: Uint32Array, stream: RandomStream): Uint32Array {
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = stream.below(last + 1);
    [order[last], order[chosen]] = [order[chosen], order[last]];
  }
  return order;
}

/**
 * The order in which an epoch takes frames of different weights: one of weight 3 three times; of those of weight 0.4,
 * two in five, others in every epoch. A weight of 1 everywhere gives the order of `epochOrder`.
 *
 * @param weights One per frame, above 0.
 * @returns For each place frame + count × copy, with copies counted from 0: no two are alike, and modulo the count
 * they are frames
 * @throws BatchError, RandomKeyError
 */
export function weightedOrder(weights: readonly number[], seed: number, epoch: number): Uint32Array {
  const count = weights.length;
  const wrong = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (wrong !== undefined) throw new BatchError(`A frame cannot have the weight ${wrong}; give a number above 0.`);
  const copies = weights.map(Math.floor);
  for (const [group, weight] of [...new Set(weights)].sort((a, b) => a - b).entries()) {
    const share = weight % 1;
    if (share === 0) continue;
    const members = weights.flatMap((own, frame) => (own === weight ? [frame] : []));
    const stream = new RandomStream('order', { seed, epoch, index: group + 1 });
    const once = shuffled(Uint32Array.from(members), stream).subarray(0, Math.round(share * members.length));
    for (const frame of once) copies[frame] += 1;
  }
  const draws = copies.flatMap((own, frame) => Array.from({ length: own }, (_, copy) => frame + count * copy));
  return epochOrder(draws.length, seed, epoch).map((place) => draws[place]);
}

/**
 * Cuts an order into batches of `batchSize`. What is left over makes a smaller batch, or with `dropLast` none.
 *
 * @throws BatchError
 */
export function batchesOf(
  order: Uint32Array,
  batchSize: number,
  { dropLast = false }: { readonly dropLast?: boolean } = {},
): Uint32Array[] {
  checkBatchSize(batchSize);
  const batches: Uint32Array[] = [];
  for (let start = 0; start < order.length; start += batchSize) {
    batches.push(order.slice(start, start + batchSize));
  }
  const last = batches.at(-1);
  if (dropLast && last !== undefined && last.length < batchSize) batches.pop();
  return batches;
}

/**
 * Batches of one size, so that one program serves all of them, and with every frame in at least one: the last is filled
 * up with frames from the start of the order, which is gone through again where it is shorter than a batch. Those
 * frames count twice in this epoch; as each epoch has its own order, none is favoured in the long run.
 *
 * @throws BatchError
 */
export function fixedBatches(order: Uint32Array, batchSize: number): Uint32Array[] {
  checkBatchSize(batchSize);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, batch) =>
    Uint32Array.from({ length: batchSize }, (_, i) => order[(batch * batchSize + i) % order.length]),
  );
}

function checkBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new BatchError(`There is no batch of ${batchSize} frames; give a whole number of at least 1.`);
  }
}
