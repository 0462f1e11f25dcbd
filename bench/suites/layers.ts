import { dsntDeepUNetLayers, type Layer } from '../models/arithmetic.js';
import type { Scale, Suite } from '../suite.js';
import { measureLayer, nameOf } from './convolution.js';

/** On a GPU, what the method trains; elsewhere as much of it as comes to an end. */
const NETWORK: Readonly<Record<Scale, { base: number; size: number; batch: number; most: number }>> = {
  quick: { base: 8, size: 128, batch: 1, most: 2 },
  software: { base: 8, size: 128, batch: 4, most: Number.POSITIVE_INFINITY },
  gpu: { base: 64, size: 512, batch: 8, most: Number.POSITIVE_INFINITY },
};

/** Every layer of DSNT-DeepUNet that is unlike the others, each with its two gradients. */
export const layersSuite: Suite = {
  name: 'layers',
  title: 'layers of DSNT-DeepUNet',

  async *run(context) {
    const { base, size, batch: customary, most } = NETWORK[context.scale];
    const { batch = customary } = context;
    for (const layer of distinctLayers(base, size).slice(0, most)) yield* measureLayer(context, 'layers', layer, batch);
  },
};

/** The network's layers, each kind once. */
export function distinctLayers(base: number, size: number): Layer[] {
  return [...new Map(dsntDeepUNetLayers(size, base, 3).map((layer) => [nameOf(layer), layer])).values()];
}
