import { amplitudeOf } from './decibel.js';
import type { PolarGrid } from './polar.js';
import type { Profile } from './profiles.js';
import type { Stream } from './random.js';
import type { TissueMaps } from './tissue.js';

/** Phases of scatterers: a table is exact enough and far cheaper than two transcendental functions per sample. */
const PHASES = 4096;
const COSINE = Float32Array.from({ length: PHASES }, (_, i) => Math.cos((2 * Math.PI * i) / PHASES));

/**
 * Envelope of the echoes before attenuation: complex white noise × √echogenicity, blurred by the separable point
 * spread, plus the specular echoes blurred likewise; magnitude. Speckle without specular echo is Rayleigh distributed
 * with mean square 1 where the level is 0 dB.
 */
export function drawEnvelope(stream: Stream, tissue: TissueMaps, grid: PolarGrid, profile: Profile): Float32Array {
  const count = grid.lines * grid.samples;
  const amplitude = tissue.level.map(amplitudeOf);
  const axialSigma = Math.max(0.75, profile.axialSigma / grid.step);
  const lateralSigmas = lateralSpread(grid, profile);
  const specular = blur(Float32Array.from(tissue.specular), grid, axialSigma, lateralSigmas, 'sum');
  const power = new Float32Array(count);
  for (let look = 0; look < profile.looks; look++) {
    const real = new Float32Array(count);
    const imaginary = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const bits = stream.word();
      const radius = amplitude[i] * Math.sqrt(-Math.log(stream.positive()));
      real[i] = radius * COSINE[bits & (PHASES - 1)];
      imaginary[i] = radius * COSINE[(bits + PHASES / 4) & (PHASES - 1)];
    }
    blur(real, grid, axialSigma, lateralSigmas, 'energy');
    blur(imaginary, grid, axialSigma, lateralSigmas, 'energy');
    for (let i = 0; i < count; i++) power[i] += (real[i] + specular[i]) ** 2 + imaginary[i] ** 2;
  }
  return power.map((sum) => Math.sqrt(sum / profile.looks));
}

/** Lateral σ in lines for each depth: least at the focus, wider before and behind it. */
function lateralSpread(grid: PolarGrid, profile: Profile): Float32Array {
  // Fewer lines than a full grid's 192 are each wider, so the spread counts fewer of them, but not less than can be
  // seen.
  const base = Math.max(0.7, profile.lateralSigma * (grid.lines / 192) ** 0.5);
  return Float32Array.from({ length: grid.samples }, (_, sample) => {
    const offFocus = sample / (grid.samples * 0.45) - 1;
    return base * Math.sqrt(1 + (profile.defocus * offFocus) ** 2);
  });
}

/**
 * Separable Gaussian blur in place, borders repeated. `sum` keeps a constant as it is, `energy` keeps the variance of
 * white noise.
 */
function blur(
  field: Float32Array,
  { lines, samples }: PolarGrid,
  axialSigma: number,
  lateralSigmas: Float32Array,
  keep: 'sum' | 'energy',
): Float32Array {
  const axial = gaussian(axialSigma, keep);
  const axialRadius = (axial.length - 1) / 2;
  const copy = Float32Array.from(field);
  field.fill(0);
  for (let sample = 0; sample < samples; sample++) {
    for (let k = 0; k < axial.length; k++) {
      const from = Math.max(0, Math.min(samples - 1, sample + k - axialRadius)) * lines;
      const weight = axial[k];
      for (let line = 0; line < lines; line++) field[sample * lines + line] += weight * copy[from + line];
    }
  }
  const LONGEST = 24;
  const row = new Float32Array(lines + 2 * LONGEST);
  for (let sample = 0; sample < samples; sample++) {
    const kernel = gaussian(lateralSigmas[sample], keep);
    const radius = (kernel.length - 1) / 2;
    const start = sample * lines;
    row.fill(field[start], 0, radius);
    row.set(field.subarray(start, start + lines), radius);
    row.fill(field[start + lines - 1], radius + lines, lines + 2 * radius);
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * row[line + k];
      field[start + line] = sum;
    }
  }
  return field;
}

function gaussian(sigma: number, keep: 'sum' | 'energy'): Float32Array {
  const radius = Math.min(24, Math.ceil(2.6 * sigma));
  const kernel = Float32Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-(((i - radius) / sigma) ** 2) / 2));
  const norm =
    keep === 'sum' ? kernel.reduce((sum, w) => sum + w, 0) : Math.sqrt(kernel.reduce((sum, w) => sum + w * w, 0));
  return kernel.map((w) => w / norm);
}
