import type * as engineModule from '../../src/index.js';
import type * as modelModule from '../../src/model/index.js';

export type Engine = typeof engineModule;
export type Model = typeof modelModule;

/**
 * Where a small network sees its landmarks, six pairs, and the sum of squares of a gradient through all of it. Handed
 * to other hosts as text, so it uses nothing from around it.
 */
export async function compute(device: engineModule.Device, engine: Engine, model: Model): Promise<number[]> {
  const network = new model.DsntDeepUNet({ device, seed: 3, path: '' }, { base: 2, depth: 3 });
  const images = device.randn([2, 32, 32, 1], 7);
  const { coordinates } = network.predict(images, { training: true });
  const [gradient] = engine.gradients(engine.sum(engine.square(coordinates)), [images]);
  const results = [...(await coordinates.data()), await engine.sum(engine.square(gradient)).item()];
  device.close();
  return results;
}
