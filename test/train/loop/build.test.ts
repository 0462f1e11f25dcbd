import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/train/config/index.js';
import { buildLoss, resolveConfig, toCoordinates } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';

/** In pixels of a 512 px frame. */
const landmarks = { ps1: { x: 280, y: 96 }, ps2: { x: 160, y: 128 }, fh1: { x: 320, y: 256 } };

/** What a configuration's loss says of heatmaps that know nothing, and of no network's doing at all. */
async function lossOfZeros(config: Parameters<typeof buildLoss>[0]) {
  const device = await sharedDevice();
  const targets = device.tensor(toCoordinates(landmarks, 512, config.model.grid), [1, 3, 2]);
  const { total, excess } = buildLoss(config)(device.zeros([1, 64, 64, 3]), targets);
  return { total: await total.item(), excess: await excess.item() };
}

describe('buildLoss', () => {
  test("the paper's loss of zero logits is 2643.9341 and the squared distance, 1255.2134 of it not to be avoided", async () => {
    const { total, excess } = await lossOfZeros(await loadConfig('configs/paper.json'));
    const [x, y, ...rest] = toCoordinates(landmarks, 512, 'linspace');
    const squared = [x, y, ...rest].reduce((sum, coordinate) => sum + coordinate ** 2, 0) / 3;
    expect(Math.abs(total / (2643.9341 + squared) - 1)).toBeLessThan(1e-5);
    expect(Math.abs((total - excess) / 1255.2134 - 1)).toBeLessThan(1e-5);
  });

  test('as printed, the loss averages over the three points too', async () => {
    const { total, excess } = await lossOfZeros(await loadConfig('configs/paper-as-printed.json'));
    expect(Math.abs((total - excess) / (1255.2134 / 3) - 1)).toBeLessThan(1e-5);
  });

  test('the heatmap loss of empty maps is the mean square of the Gaussians, all of it excess', async () => {
    const { total, excess } = await lossOfZeros(resolveConfig({ model: { architecture: 'u-net' } }));
    // Squaring a Gaussian halves its variance: Σ H² = πσ² in cells, σ = 2, of 64² in a map. The points lie well inside.
    expect(total).toBeCloseTo((Math.PI * 2 ** 2) / 64 ** 2, 6);
    expect(excess).toBe(total);
  });
});
