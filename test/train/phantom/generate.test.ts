import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generatePhantom, type Phantom, PhantomError, PROFILES } from '../../../src/train/phantom/index.js';
import { drawOverlay, KEEP_CLEAR } from '../../../src/train/phantom/overlay.js';
import { polarGrid } from '../../../src/train/phantom/polar.js';
import { Stream } from '../../../src/train/phantom/random.js';
import { drawEnvelope } from '../../../src/train/phantom/speckle.js';

const SIZE = 128;
const phantom = (
  index: number,
  more: { difficulty?: 0 | 1 | 2 | 3; profile?: string; seed?: number; size?: number } = {},
) => generatePhantom({ seed: 1, index, difficulty: 1, size: SIZE, ...more });

describe('generatePhantom', () => {
  it('makes the same bits for the same seed and index, whatever was made before', () => {
    const alone = phantom(7);
    phantom(3);
    const again = phantom(7);
    expect(again.pixels).toEqual(alone.pixels);
    expect(again.landmarks).toEqual(alone.landmarks);
    expect(phantom(8).pixels).not.toEqual(alone.pixels);
    expect(phantom(7, { seed: 2 }).pixels).not.toEqual(alone.pixels);
  });

  it('shows the same anatomy at every size: landmarks scale about the corner, the angle stays', () => {
    const small = phantom(4, { size: 96 });
    const large = phantom(4, { size: 192 });
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      expect(large.landmarks[name].x + 0.5).toBeCloseTo(2 * (small.landmarks[name].x + 0.5), 9);
      expect(large.landmarks[name].y + 0.5).toBeCloseTo(2 * (small.landmarks[name].y + 0.5), 9);
    }
    expect(large.aop).toBeCloseTo(small.aop, 9);
  });

  it('leaves anatomy and labels alone when the difficulty changes', () => {
    expect(phantom(5, { difficulty: 3 }).landmarks).toEqual(phantom(5, { difficulty: 0 }).landmarks);
  });

  it('switches nuisances on with the difficulty: none at 0, several a frame at 3', () => {
    const nuisances = (difficulty: 0 | 1 | 2 | 3) => {
      let count = 0;
      for (let index = 0; index < 40; index++) {
        const { scene } = phantom(index, { difficulty, size: 32 });
        count += [scene.bladder, scene.gas, scene.caput, scene.liftOff].filter(Boolean).length;
        count += Number(scene.reverberation > 0) + Number(scene.gaps.length > 0) + Number(scene.overlay);
      }
      return count / 40;
    };
    const counts = ([0, 1, 2, 3] as const).map(nuisances);
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(0.7);
    expect(counts[2]).toBeGreaterThan(counts[1] + 0.5);
    expect(counts[3]).toBeGreaterThan(counts[2] + 0.5);
  });

  it('uses all eight profiles, each with a look of its own', () => {
    const names = new Set(Array.from({ length: 80 }, (_, index) => phantom(index, { size: 32 }).profile.name));
    expect([...names].sort()).toEqual(PROFILES.map(({ name }) => name).sort());
    const looks = PROFILES.map(({ name }) => phantom(2, { profile: name, difficulty: 0 }).pixels.join());
    expect(new Set(looks).size).toBe(8);
  });

  it('shows the skull where the label says: brightest within 3 pixels of its outline, dark brain behind', () => {
    let found = 0;
    let darker = 0;
    for (let index = 0; index < 20; index++) {
      const frame = phantom(index, { difficulty: 0, size: 256 });
      const { offset, behind, on } = alongBeamThroughSkull(frame);
      found += Number(Math.abs(offset) <= 3);
      darker += Number(behind < 0.5 * on);
    }
    expect(found).toBeGreaterThanOrEqual(19);
    expect(darker).toBeGreaterThanOrEqual(19);
  });

  it('shows the symphysis darker than the tissue around its capsule', () => {
    let dark = 0;
    for (let index = 0; index < 20; index++) {
      const { pixels, size, landmarks, geometry } = phantom(index, { difficulty: 0, size: 256 });
      const middle = { x: (landmarks.ps1.x + landmarks.ps2.x) / 2, y: (landmarks.ps1.y + landmarks.ps2.y) / 2 };
      const half = (geometry.symphysisThickness / geometry.millimetresPerPixel) * (size / 512) * 0.5;
      const inside = meanAround(pixels, size, middle, (r) => r < 0.55 * half);
      const rim = meanAround(pixels, size, middle, (r) => r > 0.7 * half && r < 1.3 * half);
      dark += Number(inside < 0.85 * rim);
    }
    expect(dark).toBeGreaterThanOrEqual(17);
  });

  it('fills the sector and leaves the upper corners at the profile’s background', () => {
    const { pixels, profile } = phantom(11, { difficulty: 0, profile: 'legacy' });
    expect(pixels[0]).toBe(profile.background);
    expect(pixels[SIZE - 1]).toBe(profile.background);
    const lit = pixels.filter((grey) => grey > 30).length / pixels.length;
    expect(lit).toBeGreaterThan(0.15);
  });

  it('refuses options of which no frame can be made', () => {
    expect(() => phantom(0, { profile: 'tricorder' })).toThrow(PhantomError);
    expect(() => phantom(0, { profile: 'tricorder' })).toThrow(/choose one of cart-classic, /);
    for (const size of [31, 4097, 64.5]) expect(() => phantom(0, { size })).toThrow(/choose a size from 32 to 4096/);
    expect(() => phantom(-1)).toThrow(/index -1 is no whole number/);
    expect(() => phantom(0, { seed: Number.NaN })).toThrow(/seed NaN/);
  });
});

describe('drawEnvelope', () => {
  it('gives fully developed speckle in even tissue: Rayleigh, mean square 1, mean over deviation 1.91', () => {
    const { geometry } = phantom(0);
    const grid = polarGrid(geometry, 512);
    const count = grid.lines * grid.samples;
    const even = {
      level: new Float32Array(count),
      specular: new Float32Array(count),
      attenuation: new Float32Array(count),
    };
    const envelope = drawEnvelope(new Stream(1, 0, 'speckle'), even, grid, { ...PROFILES[0], looks: 1 });
    // Away from the borders, which the blur repeats.
    const inner = envelope.filter((_, i) => i % grid.lines > 12 && i % grid.lines < grid.lines - 12);
    const mean = inner.reduce((sum, v) => sum + v, 0) / inner.length;
    const square = inner.reduce((sum, v) => sum + v * v, 0) / inner.length;
    expect(square).toBeGreaterThan(0.95);
    expect(square).toBeLessThan(1.05);
    expect(mean / Math.sqrt(square - mean * mean)).toBeGreaterThan(1.86);
    expect(mean / Math.sqrt(square - mean * mean)).toBeLessThan(1.96);
  });
});

describe('drawOverlay', () => {
  it('draws something, and nothing near a landmark', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.constantFrom(128, 512), (index, size) => {
        const { geometry, landmarks, profile } = phantom(index, { size: 32 });
        const canvas = new Uint8Array(size * size);
        drawOverlay(new Stream(1, index, 'overlay'), canvas, size, geometry, profile);
        const scale = size / 32;
        let drawn = 0;
        for (let i = 0; i < canvas.length; i++) {
          if (canvas[i] === 0) continue;
          drawn += 1;
          for (const { x, y } of Object.values(landmarks)) {
            const distance = Math.hypot(
              (i % size) + 0.5 - (x + 0.5) * scale,
              Math.floor(i / size) + 0.5 - (y + 0.5) * scale,
            );
            // A pixel of slack for antialiasing, and for the resampling of a smaller frame.
            expect(distance).toBeGreaterThan((KEEP_CLEAR * size) / 512 - 1.5);
          }
        }
        expect(drawn).toBeGreaterThan(20);
      }),
      { numRuns: 40 },
    );
  });
});

/**
 * Follows the beam that meets the skull most squarely: where the brightest pixel lies from the outline, and the greys.
 */
function alongBeamThroughSkull({ pixels, size, geometry }: Phantom): { offset: number; on: number; behind: number } {
  const { skull, sector, millimetresPerPixel } = geometry;
  const pixel = (millimetresPerPixel * 512) / size;
  const dx = skull.centre.x - sector.apex.x;
  const dy = skull.centre.y - sector.apex.y;
  const length = Math.hypot(dx, dy);
  const [c, s] = [Math.cos(skull.rotation), Math.sin(skull.rotation)];
  // Towards the centre of the head a beam crosses the outline at 1 / √(uᵀ M⁻¹ u) before the centre.
  const [ux, uy] = [dx / length, dy / length];
  const outline = length - 1 / Math.hypot((c * ux + s * uy) / skull.a, (-s * ux + c * uy) / skull.b);
  const greyAt = (radius: number) => {
    let sum = 0;
    // Averaged over neighbouring beams, because of the speckle.
    for (let k = -4; k <= 4; k++) {
      const turned = Math.atan2(ux, uy) + k * 0.008;
      const x = Math.round((sector.apex.x + radius * Math.sin(turned)) / pixel - 0.5);
      const y = Math.round((sector.apex.y + radius * Math.cos(turned)) / pixel - 0.5);
      if (x >= 0 && y >= 0 && x < size && y < size) sum += pixels[y * size + x] / 9;
    }
    return sum;
  };
  let offset = 0;
  for (let pixels = -12; pixels <= 20; pixels++) {
    if (greyAt(outline + pixels * pixel) > greyAt(outline + offset * pixel)) offset = pixels;
  }
  return { offset, on: greyAt(outline + offset * pixel), behind: greyAt(outline + 14) };
}

function meanAround(
  pixels: Uint8Array,
  size: number,
  { x, y }: { x: number; y: number },
  takes: (r: number) => boolean,
): number {
  let sum = 0;
  let count = 0;
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      if (!takes(Math.hypot(u - x, v - y))) continue;
      sum += pixels[v * size + u];
      count += 1;
    }
  }
  return sum / count;
}
