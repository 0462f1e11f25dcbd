import type { Device } from '../../src/index.js';
import type { HeatmapNetwork } from '../../src/model/index.js';

/** Where values are drawn, by the end of a weight's name; all others stay as they were initialized. */
const RANGES: readonly (readonly [name: RegExp, low: number, high: number])[] = [
  [/^head\.weight$/, -4, 4],
  [/\.bn\d\.weight$/, 0.5, 2],
  [/\.bn\d\.bias$/, -0.3, 0.5],
  [/\.running_mean$/, -0.2, 0.2],
  [/\.running_var$/, 0.02, 0.2],
];

/** Gives a network weights as if it were trained: heatmaps with peaks, and batch norms that are no identity. */
export async function drawPeakedWeights(device: Device, model: HeatmapNetwork): Promise<void> {
  for (const [index, { name, tensor }] of model.named().entries()) {
    const range = RANGES.find(([pattern]) => pattern.test(name));
    if (!range) continue;
    const drawn = device.uniform(tensor.shape, index, range[1], range[2]);
    tensor.write(await drawn.data());
    drawn.dispose();
  }
}
