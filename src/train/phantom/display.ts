import type { Geometry } from './geometry.js';
import { REFERENCE_SIZE } from './geometry.js';
import type { PolarGrid } from './polar.js';
import type { Profile } from './profiles.js';

/**
 * Scan conversion: the polar greys as a size×size picture of the sector, in [0, 1], bilinear between lines and samples,
 * the profile's background around it.
 */
export function scanConvert(
  greys: Float32Array,
  geometry: Geometry,
  grid: PolarGrid,
  size: number,
  profile: Profile,
): Float32Array {
  const { sector, millimetresPerPixel } = geometry;
  const { lines, samples, step } = grid;
  const pixel = (millimetresPerPixel * REFERENCE_SIZE) / size;
  const perRadian = (lines - 1) / (2 * sector.halfAngle);
  const background = profile.background / 255;
  const picture = new Float32Array(size * size);
  for (let v = 0; v < size; v++) {
    const y = (v + 0.5) * pixel - sector.apex.y;
    for (let u = 0; u < size; u++) {
      const x = (u + 0.5) * pixel - sector.apex.x;
      const radius = Math.sqrt(x * x + y * y);
      const angle = Math.atan2(x, y);
      const sample = (radius - sector.near) / step;
      const line = (angle + sector.halfAngle) * perRadian;
      // Distance to the sector's border in pixels, for a soft edge of one pixel.
      const inside = Math.min(
        (radius - sector.near) / pixel,
        (sector.far - radius) / pixel,
        ((sector.halfAngle - Math.abs(angle)) * radius) / pixel,
      );
      if (inside <= -0.5) {
        picture[v * size + u] = background;
        continue;
      }
      const s = Math.max(0, Math.min(samples - 1.001, sample));
      const l = Math.max(0, Math.min(lines - 1.001, line));
      const s0 = Math.floor(s);
      const l0 = Math.floor(l);
      const at = s0 * lines + l0;
      const near = greys[at] + (l - l0) * (greys[at + 1] - greys[at]);
      const far = greys[at + lines] + (l - l0) * (greys[at + lines + 1] - greys[at + lines]);
      const grey = near + (s - s0) * (far - near);
      const cover = Math.min(1, inside + 0.5);
      picture[v * size + u] = background + cover * (toneMap(grey, profile) - background);
    }
  }
  return profile.sharpness === 0 ? picture : sharpen(picture, size, profile.sharpness);
}

/** Gamma, and an S-curve blended in for contrast. */
function toneMap(grey: number, { gamma, contrast }: Profile): number {
  const toned = grey ** gamma;
  return toned + contrast * (toned * toned * (3 - 2 * toned) - toned);
}

/** Unsharp mask with a 3×3 binomial blur; a negative amount blends towards the blur. */
function sharpen(picture: Float32Array, size: number, amount: number): Float32Array {
  const result = Float32Array.from(picture);
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      const i = y * size + x;
      const sides = picture[i - 1] + picture[i + 1] + picture[i - size] + picture[i + size];
      const corners = picture[i - size - 1] + picture[i - size + 1] + picture[i + size - 1] + picture[i + size + 1];
      const soft = picture[i] / 4 + sides / 8 + corners / 16;
      result[i] = Math.max(0, Math.min(1, picture[i] + amount * (picture[i] - soft)));
    }
  }
  return result;
}
