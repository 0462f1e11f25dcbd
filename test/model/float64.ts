import { expect } from 'vitest';
import { sizeOf } from '../../src/engine/shape.js';
import { compile, type Device, type Shape } from '../../src/index.js';
import type { Reference } from '../../src/kernels/conv2d/reference.js';
import type { HeatmapNetwork } from '../../src/model/index.js';

/** Frames with values in [0, 1] that have no pattern a network could hide behind. */
export function testFrames(shape: Shape): Reference {
  return {
    shape,
    values: Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(((i * 7919) % 251) / 251)),
  };
}

/** That a network's heatmaps of the frames, in training mode, are the expected ones. */
export async function expectLayersInFloat64(
  device: Device,
  model: HeatmapNetwork,
  frames: Reference,
  expected: Reference,
): Promise<void> {
  const images = device.tensor(frames.values, frames.shape);
  const forward = compile((x) => model.logits(x, { training: true }));
  const logits = await forward(images);
  expect(logits.shape).toEqual(expected.shape);
  const computed = await logits.data();
  const scale = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [i, value] of expected.values.entries()) {
    expect(Math.abs(computed[i] - value) / scale).toBeLessThan(2e-4);
  }
  for (const tensor of [images, logits]) tensor.dispose();
  forward.dispose();
}
