import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/index.js';
import { slice, sum } from '../../../src/kernels/index.js';
import { UNet } from '../../../src/model/index.js';
import { differencesFromPaper } from '../../../src/train/comparison/differences.js';
import { loadConfig, resolveConfig } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';

const compared = (title: string, config: object, cells: number) => ({ title, config: resolveConfig(config), cells });
const load = async (name: string) => loadConfig(new URL(`../../../configs/${name}.json`, import.meta.url).pathname);

describe('differences from the paper', () => {
  it('are none for the configurations of the rows of its Table 1', async () => {
    const names = ['table-1-u-net', 'table-1-deep-unet', 'table-1-dsnt-deep-unet'];
    const models = await Promise.all(names.map(async (name) => ({ title: name, config: await load(name), cells: 64 })));
    expect(differencesFromPaper(models)).toEqual([]);
  });

  it('are cells, recipe and view for the small configurations', async () => {
    const titles = ['U-Net', 'Deep-UNet', 'DSNT-DeepUNet'];
    const names = ['small-u-net', 'small-deep-unet', 'small-dsnt-deep-unet'];
    const models = await Promise.all(
      names.map(async (name, i) => ({ title: titles[i], config: await load(name), cells: 16 })),
    );
    const [cells, recipe, view, ...others] = differencesFromPaper(models);
    expect(others).toEqual([]);
    expect(cells).toMatch(
      /^Points of U-Net and Deep-UNet are read .* even the right cell is 12\.2 px off on average, 3\.1 px in the paper/,
    );
    expect(recipe).toMatch(/^U-Net is trained with augmentation/);
    expect(view).toMatch(
      /^A point of U-Net’s heatmaps depends on 200 px around it, the whole of its frames of 128 px; in the paper on 39 % /,
    );
  });

  it('go with the setting that makes each', () => {
    const unet = { model: { architecture: 'u-net' }, augmentation: { enabled: false } };
    expect(differencesFromPaper([compared('a', { ...unet, augmentation: { enabled: true } }, 64)])).toHaveLength(1);
    expect(differencesFromPaper([compared('a', { ...unet, model: { ...unet.model, inputSize: 256 } }, 64)])).toEqual([
      expect.stringMatching(/depends on 200 px around it, 78 % of the width of its frames of 256 px/),
    ]);
    expect(differencesFromPaper([compared('a', unet, 32)])).toEqual([expect.stringMatching(/is 6\.1 px off/)]);
    // Points between cells have no cells to be read from.
    expect(differencesFromPaper([compared('a', {}, 16)])).toEqual([]);
  });

  it('say of a U-Net how far it sees: 13·2ᵈ − 8 px', async () => {
    const device = await sharedDevice();
    const size = 64;
    // A maximum takes one of four and a ReLU may be shut: what one frame does not show, another does.
    const count = 16;
    const frames = device.uniform([count, size, size, 1], 5);
    for (const [depth, expected] of [
      [1, 18],
      [2, 44],
    ]) {
      const model = new UNet({ device, seed: 3, path: '' }, { base: 8, depth, inChannels: 1 });
      const maps = model.logits(frames, { training: false });
      // Cells of a map of 8×8 lie on every ninth pixel exactly.
      const cell = slice(maps, { start: [0, 4, 4, 0], end: [count, 5, 5, 3] });
      const values = await gradients(sum(cell), [frames])[0].data();
      // Winograd's convolutions leave the noise of their rounding around.
      const noise = 1e-6 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const columns = [...values.keys()].filter((i) => Math.abs(values[i]) > noise).map((i) => i % size);
      expect(Math.max(...columns) - Math.min(...columns) + 1).toBe(expected);
      model.dispose();
    }
  });
});
