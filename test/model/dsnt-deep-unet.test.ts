import { describe, expect, test } from 'vitest';
import { Adam, clipWithNorm, compile, type Device, gradients, type Tensor } from '../../src/index.js';
import { DsntDeepUNet, encodeSafetensors, importWeights, keypointLoss } from '../../src/model/index.js';
import { toPyTorch } from '../../src/model/weights.js';
import { sharedDevice } from '../support/device.js';
import { type Golden, golden, nchwToNhwc } from '../support/golden.js';

interface GoldenModel extends Golden {
  readonly params: { base: number; lam: number; sigma: number; clip: number; lr: number };
  readonly steps: { loss: number; euclidean: number; regularisation: number; gradientNorm: number }[];
}

const reference = golden<GoldenModel>('model_dsnt_deep_unet_base2_256x256');

/** Largest difference, relative to the largest expected magnitude. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(actual[i] - value))) / scale;
}

/** The golden file's parameters as the safetensors file that PyTorch would have saved. */
function goldenWeights({ tensors }: GoldenModel): Uint8Array {
  const parameters = Object.entries(tensors).filter(([name]) => name.startsWith('param:'));
  return encodeSafetensors(
    Object.fromEntries(
      parameters.map(([name, { shape, data }]) => [
        name.slice('param:'.length),
        { dtype: 'F32', shape, data: Float32Array.from(data) },
      ]),
    ),
  );
}

function goldenModel(device: Device, file: GoldenModel) {
  const model = new DsntDeepUNet({ device, seed: 1, path: '' }, { base: file.params.base });
  importWeights(model, goldenWeights(file));
  const { shape, values } = nchwToNhwc(file.tensors.x);
  // Points are fractions of the frame; the linspace grid runs from -1 to 1 over it.
  const points = file.tensors.points_unit.data.map((fraction) => 2 * fraction - 1);
  return { model, images: device.tensor(values, shape), targets: device.tensor(points, [2, 3, 2]) };
}

describe.runIf(reference)('DSNT-DeepUNet against PyTorch', () => {
  test('logits, coordinates, gradients, four clipped Adam steps, and evaluation afterwards', async () => {
    const file = reference ?? expect.unreachable();
    const device = await sharedDevice();
    const { model, images, targets } = goldenModel(device, file);
    const { lam, sigma, clip, lr } = file.params;
    const byName = new Map(model.named().map(({ name, tensor }) => [name, tensor]));
    const watched = Object.keys(file.tensors).flatMap((name) => (name.startsWith('grad:') ? [name.slice(5)] : []));
    const adam = new Adam();

    const step = compile((x, y, rate) => {
      const logits = model.logits(x, { training: true });
      const loss = keypointLoss(logits, y, { lambda: lam, sigma, grid: 'linspace' });
      const derivatives = gradients(loss.total, model.parameters);
      const clipped = clipWithNorm(derivatives, clip);
      adam.update(model.parameters, clipped.gradients, rate);
      const kept = watched.map(
        (name) => derivatives[model.parameters.indexOf(byName.get(name) ?? expect.unreachable(name))],
      );
      return { logits, loss, norm: clipped.norm, kept };
    });

    for (const [index, expected] of file.steps.entries()) {
      const result = await step(images, targets, lr);
      expect(relativeError([await result.loss.total.item()], [expected.loss])).toBeLessThan(3e-6);
      expect(relativeError([await result.loss.euclidean.item()], [expected.euclidean])).toBeLessThan(1e-4);
      expect(relativeError([await result.loss.regularizer.item()], [expected.regularisation])).toBeLessThan(3e-6);
      expect(relativeError([await result.norm.item()], [expected.gradientNorm])).toBeLessThan(1e-3);
      if (index > 0) continue;
      const logits = nchwToNhwc(file.tensors.logits);
      expect(relativeError(await result.logits.data(), [...logits.values])).toBeLessThan(2e-5);
      expect(relativeError(await result.loss.coordinates.data(), file.tensors.coordinates.data)).toBeLessThan(1e-4);
      for (const [i, name] of watched.entries()) {
        const gradient = result.kept[i];
        const values = toPyTorch(await gradient.data(), gradient.shape);
        const { data } = file.tensors[`grad:${name}`];
        // Softmax does not see a shift, so this gradient is zero: rounding is all there is to compare.
        if (name === 'head.bias') for (const value of Array.from(values)) expect(Math.abs(value)).toBeLessThan(1e-2);
        else expect(relativeError(values, data), name).toBeLessThan(2e-4);
      }
    }

    const evaluate = compile((x) => model.predict(x, { training: false }));
    const after = await evaluate(images);
    const logits = nchwToNhwc(file.tensors.logits_eval_after);
    expect(relativeError(await after.logits.data(), [...logits.values])).toBeLessThan(1e-4);
    expect(relativeError(await after.coordinates.data(), file.tensors.coordinates_eval_after.data)).toBeLessThan(1e-4);
    expect(step.memory().planned).toBeLessThan(1.1 * step.memory().lowerBound);
  });

  test.each([false, true])(
    'a training step needs hardly more memory than is alive at once, recomputing: %s',
    async (recompute) => {
      const device = await sharedDevice();
      const model = new DsntDeepUNet({ device, seed: 1, path: '' }, { base: 8, grid: 'linspace', recompute });
      const optimizer = new Adam();
      const step = compile((x: Tensor, targets: Tensor, rate: Tensor) => {
        const loss = keypointLoss(model.logits(x, { training: true }), targets, { grid: 'linspace' }).total;
        optimizer.update(model.parameters, gradients(loss, model.parameters), rate);
        return loss;
      });
      await step.trace(device.zeros([8, 128, 128, 1]), device.zeros([8, 3, 2]), 1e-3);
      const { planned, lowerBound } = step.memory();
      expect(planned / lowerBound).toBeLessThan(1.05);
      step.dispose();
      optimizer.dispose();
      model.dispose();
    },
  );
});
