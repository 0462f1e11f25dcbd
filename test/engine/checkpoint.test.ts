import { describe, expect, test } from 'vitest';
import {
  checkpoint,
  compile,
  type Device,
  exp,
  gradients,
  matmul,
  mul,
  sum,
  type Tensor,
  tanh,
} from '../../src/index.js';
import {
  type Builder,
  DeepUNet,
  DsntDeepUNet,
  type HeatmapNetwork,
  keypointLoss,
  UNet,
} from '../../src/model/index.js';
import { sharedDevice } from '../support/device.js';

/** A chain of layers whose activations dwarf its parameters. */
function chain(x: Tensor, weights: readonly Tensor[], segment: <T>(body: () => T) => T): Tensor {
  let h = x;
  for (let i = 0; i < weights.length; i += 2) {
    const below = h;
    h = segment(() =>
      weights.slice(i, i + 2).reduce((inner, w) => mul(exp(mul(tanh(matmul(inner, w)), 0.1)), 0.5), below),
    );
  }
  return sum(h);
}

async function train(device: Device, segment: <T>(body: () => T) => T) {
  const weights = Array.from({ length: 8 }, (_, i) => device.randn([16, 16], i));
  const step = compile((x) => {
    const loss = chain(x, weights, segment);
    return { loss, derivatives: gradients(loss, weights) };
  });
  const { loss, derivatives } = await step(device.randn([512, 16], 99));
  const values = [await loss.data()];
  for (const derivative of derivatives) values.push(await derivative.data());
  return { values, memory: step.memory(), dispatches: step.statistics()[0].dispatches };
}

describe('checkpoint', () => {
  test('gives the same bits in less memory, for more dispatches', async () => {
    const device = await sharedDevice();
    const kept = await train(device, (body) => body());
    const recomputed = await train(device, checkpoint);
    expect(recomputed.values).toEqual(kept.values);
    expect(recomputed.memory.planned).toBeLessThan(0.7 * kept.memory.planned);
    expect(recomputed.dispatches).toBeGreaterThan(kept.dispatches);
  });

  type Options = { readonly recompute: boolean };
  test.each<[string, (builder: Builder, options: Options) => HeatmapNetwork]>([
    ['DSNT-DeepUNet', (builder, options) => new DsntDeepUNet(builder, { base: 2, depth: 5, ...options })],
    ['Deep-UNet, full', (builder, options) => new DeepUNet(builder, { base: 2, depth: 4, preset: 'full', ...options })],
    ['U-Net', (builder, options) => new UNet(builder, { base: 2, depth: 3, ...options })],
  ])('%s trains to the same bits, running statistics included', async (_, build) => {
    const device = await sharedDevice();
    const run = async (recompute: boolean) => {
      const model = build({ device, seed: 3, path: '' }, { recompute });
      const step = compile((x, y) => {
        const { total } = keypointLoss(model.logits(x, { training: true }), y);
        return { total, derivatives: gradients(total, model.parameters) };
      });
      const result = await step(device.randn([2, 64, 64, 1], 5), device.uniform([2, 3, 2], 6, -0.5, 0.5));
      const values = [await result.total.data()];
      for (const tensor of [...result.derivatives, ...model.named().map((one) => one.tensor)])
        values.push(await tensor.data());
      model.dispose();
      return { values, planned: step.memory().planned };
    };
    const kept = await run(false);
    const recomputed = await run(true);
    expect(recomputed.values).toEqual(kept.values);
    expect(recomputed.planned).toBeLessThan(0.9 * kept.planned);
  });
});
