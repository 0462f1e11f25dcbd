import { amplitudeOf } from './decibel.js';
import { type Geometry, toBeam } from './geometry.js';
import { Lattice } from './lattice.js';
import type { PolarGrid } from './polar.js';
import type { Profile } from './profiles.js';
import type { Stream } from './random.js';
import type { Scene } from './scene.js';
import type { TissueMaps } from './tissue.js';

/**
 * From the envelope to greys in [0, 1] over the polar grid: attenuation against the time-gain that expects soft tissue,
 * multiple echoes, shadows and lost contact, electronic noise, log compression.
 */
export function receive(
  stream: Stream,
  envelope: Float32Array,
  tissue: TissueMaps,
  geometry: Geometry,
  scene: Scene,
  grid: PolarGrid,
  profile: Profile,
): Float32Array {
  const { lines, samples, step } = grid;
  const signal = attenuate(envelope, tissue, scene, grid, profile);
  if (scene.reverberation > 0) reverberate(signal, scene.reverberation, grid);
  dim(stream, signal, geometry, scene, grid);
  const greys = new Float32Array(lines * samples);
  // White is (1 − tissueGrey)·dynamicRange above soft tissue, and the noise floor is given against white.
  const white = (1 - profile.tissueGrey) * profile.dynamicRange;
  const ripple = new Lattice(stream);
  for (let sample = 0; sample < samples; sample++) {
    const depth = sample / (samples - 1);
    const gain =
      scene.gain +
      interpolate(profile.gainCurve, depth) -
      scene.penetrationLoss * depth ** 2 +
      0.4 * ripple.at(sample * step * 0.25, 0.5);
    // The time-gain raises the noise along with the echoes.
    const noise = amplitudeOf(profile.noiseFloor + white - 16 * (1 - depth));
    const noisePower = noise * noise;
    for (let line = 0; line < lines; line++) {
      const i = sample * lines + line;
      const power = signal[i] * signal[i] - noisePower * Math.log(stream.positive());
      greys[i] = profile.tissueGrey + (10 * Math.log10(power) + gain) / profile.dynamicRange;
    }
  }
  return greys.map((grey) => Math.max(0, Math.min(1, grey)));
}

/** Loss in dB that the darkest shadow approaches. */
const DEEPEST_SHADOW = 25;

/** Diffusion of a shadow's border, lines² per mm of depth on a grid of 192 lines. */
const PENUMBRA = 0.09;

/** Two-way attenuation beyond that of soft tissue, summed along each line. */
function attenuate(
  envelope: Float32Array,
  tissue: TissueMaps,
  scene: Scene,
  grid: PolarGrid,
  profile: Profile,
): Float32Array {
  const { lines, samples, step } = grid;
  // A beam is some lines wide, so that the border of a shadow blurs as it deepens: diffusion across the lines.
  const penumbra = Math.min(0.25, PENUMBRA * step * (lines / 192) ** 2);
  const expected = scene.softAttenuation * profile.frequency;
  let loss = new Float32Array(lines);
  let next = new Float32Array(lines);
  const signal = new Float32Array(envelope.length);
  for (let sample = 0; sample < samples; sample++) {
    for (let line = 0; line < lines; line++) {
      const i = sample * lines + line;
      // The deeper a shadow, the more of what is seen in it has come by side ways: losses level off.
      const share = loss[line] / DEEPEST_SHADOW;
      signal[i] = envelope[i] * amplitudeOf(-loss[line] / Math.sqrt(1 + share * share));
      const left = loss[Math.max(0, line - 1)];
      const right = loss[Math.min(lines - 1, line + 1)];
      const spread = penumbra * (left + right - 2 * loss[line]);
      next[line] = loss[line] + spread + 2 * (tissue.attenuation[i] - expected) * (step / 10);
    }
    [loss, next] = [next, loss];
  }
  return signal;
}

/** Echoes that bounced between the probe and a strong reflector once more return at twice its depth. */
function reverberate(signal: Float32Array, strength: number, { lines, samples }: PolarGrid): void {
  const once = Float32Array.from(signal);
  for (let sample = samples - 1; sample > 1; sample--) {
    const from = (sample >> 1) * lines;
    for (let line = 0; line < lines; line++) {
      // Only what stands out of the speckle is strong enough to be seen twice.
      const excess = once[from + line] - 3;
      if (excess > 0) signal[sample * lines + line] += 0.03 * strength * excess;
    }
  }
}

/** Gas shadows, lost contact at a side, and the unevenness of real coupling. */
function dim(stream: Stream, signal: Float32Array, { sector }: Geometry, scene: Scene, grid: PolarGrid): void {
  const { lines, samples, step, angles } = grid;
  const coupling = new Lattice(stream);
  const gas = scene.gas && { ...scene.gas, beam: toBeam(sector, scene.gas.centre) };
  for (let line = 0; line < lines; line++) {
    const angle = angles[line];
    // Contact is worst towards the ends of the probe.
    const edge = Math.max(0, Math.abs(angle) / sector.halfAngle - 0.8) / 0.2;
    let loss = 1.1 * coupling.at(angle * 26 + 7.5, 0.5) + 5 * edge * edge;
    if (scene.liftOff) {
      const beyond = (scene.liftOff.side * angle - scene.liftOff.angle) / 0.035;
      loss += scene.liftOff.loss / (1 + Math.exp(-3 * beyond));
    }
    let shadow = 0;
    if (gas) {
      const offset = (angle - gas.beam.angle) * (sector.near + gas.beam.depth);
      shadow = gas.shadow * Math.exp(-((offset / gas.radius) ** 4));
    }
    for (let sample = 0; sample < samples; sample++) {
      const depth = sample * step;
      let total = loss * Math.min(1, depth / 4);
      if (gas && shadow > 0.1 && depth > gas.beam.depth) {
        // A dirty shadow: it fills up again with echoes from within the gas.
        const below = depth - gas.beam.depth;
        const dirt = coupling.at(angle * 40, depth / 2.4 + 9.5);
        total += shadow * (1 - Math.exp(-below / 5)) * (1 + 0.18 * dirt);
      }
      signal[sample * lines + line] *= amplitudeOf(-total);
    }
  }
}

/** Piecewise linear through equidistant knots over [0, 1]. */
function interpolate(knots: readonly number[], at: number): number {
  const position = at * (knots.length - 1);
  const knot = Math.min(knots.length - 2, Math.floor(position));
  return knots[knot] + (position - knot) * (knots[knot + 1] - knots[knot]);
}
