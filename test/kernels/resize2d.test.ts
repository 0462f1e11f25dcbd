import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resizeBilinear, resizeNearest } from '../../src/index.js';
import { bilinear, nearest, resizeReference } from '../../src/kernels/resize2d/reference.js';
import { type Case, checkOperation, expectClose, type Reference, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { testImageGolden } from './image-golden.js';

interface Attributes {
  readonly size?: [number, number];
  readonly scale?: [number, number];
  readonly alignCorners: boolean;
}

const image = fc
  .tuple(shapes(3, 7), fc.constantFrom(1, 3, 4, 8))
  .map(([[images, height, width], channels]) => [Math.min(images, 2), height, width, channels]);
const extent = fc.integer({ min: 1, max: 15 });
/** Down to a single cell, up, and by factors that leave the result smaller than scale × extent. */
const factor = fc.constantFrom(0.34, 0.5, 0.77, 1, 1.1, 1.3, 1.5, 1.7, 2, 2.6);

const target = fc.oneof(
  fc.record({ size: fc.tuple(extent, extent), alignCorners: fc.boolean() }),
  fc.record({ scale: fc.tuple(factor, factor), alignCorners: fc.boolean() }),
);

const cases = fc
  .tuple(image, target)
  .filter(([[, height, width], { ...options }]) => {
    const scale = 'scale' in options ? options.scale : [1, 1];
    return height * scale[0] >= 1 && width * scale[1] >= 1;
  })
  .map(([shape, attributes]): Case<Attributes> => ({ inputs: [{ shape }], attributes }));

function reference(mode: 'bilinear' | 'nearest', x: Reference, { size, scale, alignCorners }: Attributes): Reference {
  const [images, height, width, channels] = x.shape;
  const out = size ?? [Math.floor(height * (scale?.[0] ?? 1)), Math.floor(width * (scale?.[1] ?? 1))];
  const interpolation = mode === 'nearest' ? nearest : bilinear(alignCorners);
  // PyTorch copies along an axis whose extent stays the same, whatever the scale.
  const scales = out.map((extent, axis) => (extent === x.shape[1 + axis] ? 1 : scale?.[axis]));
  return {
    shape: [images, ...out, channels],
    values: resizeReference(x.values, x.shape, out, interpolation, scales),
  };
}

describe('resizeBilinear', () => {
  test('to any size or by any scale: values and gradients', async () => {
    await checkOperation({
      cases,
      run: ([x], options) => resizeBilinear(x, options),
      reference: ([x], options) => reference('bilinear', x, options),
      roundings: () => 16,
      secondRoundings: 256,
      effort: 4,
    });
  });

  testImageGolden('bilinear_0_corners', (x) => resizeBilinear(x, { scale: 2, alignCorners: true }), 8);
  testImageGolden('bilinear_0_half', (x) => resizeBilinear(x, { scale: 2 }), 8);
  testImageGolden('bilinear_1_half', (x) => resizeBilinear(x, { size: [7, 8] }), 8);

  test('copies where the scale leaves the size as it is, along each axis by itself, as PyTorch', async () => {
    const device = await sharedDevice();
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const x = device.tensor(values, [1, 3, 3, 1]);
    for (const resize of [resizeBilinear, resizeNearest]) {
      expect([...(await resize(x, { scale: 1.3 }).data())]).toEqual(values);
    }
    // torch.nn.functional.interpolate(x, scale_factor=(1.3, 1.7), mode='bilinear'), PyTorch 1.13.
    const wider = await resizeBilinear(x, { scale: [1.3, 1.7] }).data();
    const row = [1, 1.3823529411764706, 1.9705882352941178, 2.5588235294117645, 3];
    expectClose(wider, [...row, ...row.map((v) => v + 3), ...row.map((v) => v + 6)], 8);
  });

  test('keeps a linear ramp linear with aligned corners, and its ends', async () => {
    const device = await sharedDevice();
    const ramp = device.tensor([0, 3, 6, 9], [1, 1, 4, 1]);
    const y = await resizeBilinear(ramp, { size: [1, 10], alignCorners: true }).data();
    expect([...y].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('refuses what is no size', async () => {
    const device = await sharedDevice();
    const x = device.ones([1, 3, 4, 2]);
    expect(() => resizeBilinear(x, {})).toThrow(/neither size nor scale is given/);
    expect(() => resizeBilinear(x, { size: [2, 2], scale: 2 })).toThrow(/both size and scale are given/);
    expect(() => resizeBilinear(x, { scale: 0.25 })).toThrow(/an extent of 3 cannot become 0 \(scale 0.25\)/);
    expect(() => resizeBilinear(x, { size: [2.5, 2] })).toThrow(/got \[2.5, 2\] for size; give \[height, width\]/);
    expect(() => resizeBilinear(device.ones([3, 4, 2]), { scale: 2 })).toThrow(/must be \[N, H, W, C\]/);
  });
});

describe('resizeNearest', () => {
  test('to any size or by any scale: values and gradients', async () => {
    await checkOperation({
      cases,
      run: ([x], { size, scale }) => resizeNearest(x, { size, scale }),
      reference: ([x], options) => reference('nearest', x, options),
      roundings: () => 16,
      secondRoundings: 256,
      effort: 4,
    });
  });

  testImageGolden('nearest_0', (x) => resizeNearest(x, { scale: 2 }), 8);

  test('output cell 49 of 98 over 2 cells is the second: ⌊49 · 2/98⌋ is 1 exactly', async () => {
    const device = await sharedDevice();
    const y = await resizeNearest(device.tensor([5, 7], [1, 1, 2, 1]), { size: [1, 98] }).data();
    expect([...y]).toEqual([...Array(49).fill(5), ...Array(49).fill(7)]);
  });
});
