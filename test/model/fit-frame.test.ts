import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/images/index.js';
import { fitFrame } from '../../src/model/fit-frame.js';

const frameOf = (width: number, height: number, shade: (x: number, y: number) => number): Frame => ({
  width,
  height,
  pixels: Float32Array.from({ length: width * height }, (_, i) => shade(i % width, Math.floor(i / width))),
});
const side = fc.integer({ min: 1, max: 90 });
const fit = fc.constantFrom('crop' as const, 'pad' as const);

describe('fitFrame', () => {
  it('leaves a frame that fits as it is, bit for bit', () => {
    const frame = frameOf(16, 16, (x, y) => ((x * 7 + y * 13) % 31) / 31);
    const { pixels, transform } = fitFrame(frame, 16);
    expect(pixels).toEqual(frame.pixels);
    expect(transform.toNetwork({ x: 3.25, y: 9 })).toEqual({ x: 3.25, y: 9 });
  });

  it('takes the centre of a wide frame of the right height', () => {
    const { pixels, transform } = fitFrame(
      frameOf(10, 4, (x) => x / 10),
      4,
    );
    expect(Array.from(pixels.subarray(0, 4), (v) => Math.round(v * 10))).toEqual([3, 4, 5, 6]);
    expect(transform.toFrame({ x: 0, y: 0 })).toEqual({ x: 3, y: 0 });
  });

  it('pads a wide frame with black rows', () => {
    const { pixels } = fitFrame(
      frameOf(8, 4, () => 1),
      8,
      { fit: 'pad' },
    );
    expect(Array.from({ length: 8 }, (_, y) => pixels[y * 8 + 3])).toEqual([0, 0, 1, 1, 1, 1, 0, 0]);
  });

  it.each([49, 474, 509])('leaves no margin on a square of %i px, whose scale is no exact number', (side) => {
    const frame = frameOf(side, side, () => 1);
    const { pixels, transform } = fitFrame(frame, 512);
    expect(transform.offset).toEqual({ x: 0, y: 0 });
    expect(pixels.every((level) => Math.abs(level - 1) < 1e-6)).toBe(true);
  });

  it('brings every point back (toFrame inverts toNetwork) and keeps angles and length ratios', () => {
    fc.assert(
      fc.property(side, side, side, fit, fc.float({ min: -50, max: 150, noNaN: true }), (w, h, size, fit, x) => {
        const { transform } = fitFrame(
          frameOf(w, h, () => 0),
          size,
          { fit },
        );
        const back = transform.toFrame(transform.toNetwork({ x, y: 3 }));
        expect(back.x).toBeCloseTo(x, 9);
        expect(back.y).toBeCloseTo(3, 9);
        const origin = transform.toNetwork({ x: 0, y: 0 });
        const right = transform.toNetwork({ x: 1, y: 0 });
        const down = transform.toNetwork({ x: 0, y: 1 });
        expect(right.x - origin.x).toBeCloseTo(down.y - origin.y, 12);
      }),
    );
  });

  it('moves the picture exactly as the transform moves points: a linear ramp stays that ramp', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 90 }),
        fc.integer({ min: 4, max: 90 }),
        fc.integer({ min: 2, max: 90 }),
        (w, h, size) => {
          const { pixels, transform } = fitFrame(
            frameOf(w, h, (x, y) => 0.1 + x * 0.004 + y * 0.003),
            size,
          );
          const reach = Math.max(1, 1 / transform.scale);
          let worst = 0;
          for (let v = 0; v < size; v++) {
            for (let u = 0; u < size; u++) {
              const { x, y } = transform.toFrame({ x: u, y: v });
              // Near the borders the filter is cut off and no longer symmetric.
              if (x < reach || y < reach || x > w - 1 - reach || y > h - 1 - reach) continue;
              worst = Math.max(worst, Math.abs(pixels[v * size + u] - (0.1 + x * 0.004 + y * 0.003)));
            }
          }
          // Within a pixel the sampled triangle is not exactly centred when reducing by a fraction.
          expect(worst).toBeLessThan(transform.scale < 1 ? 0.0012 : 1e-6);
        },
      ),
    );
  });

  it('antialiases: a fine chequerboard reduced three times is grey', () => {
    const { pixels } = fitFrame(
      frameOf(96, 96, (x, y) => (x + y) % 2),
      32,
    );
    for (let y = 1; y < 31; y++) for (let x = 1; x < 31; x++) expect(pixels[y * 32 + x]).toBeCloseTo(0.5, 1);
  });

  it('matches Pillow: Image.resize((2, 2), BILINEAR) of a 4×4 ramp of 0, 16, …, 240', () => {
    // Triangle of support 2 around 0.5 and 2.5: weights ¼ ¾ ¾ ¼ without what lies outside, so 3/7, 3/7, 1/7.
    const { pixels } = fitFrame(
      frameOf(4, 4, (x, y) => (y * 64 + x * 16) / 255),
      2,
    );
    const near = (0 * 3 + 1 * 3 + 2) / 7;
    const far = 3 - near;
    const expected = [near * 80, near * 64 + far * 16, far * 64 + near * 16, far * 80];
    for (const [i, value] of expected.entries()) expect(pixels[i] * 255).toBeCloseTo(value, 4);
  });
});
