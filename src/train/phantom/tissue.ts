import { amplitudeOf } from './decibel.js';
import type { Ellipse, Geometry } from './geometry.js';
import { Lattice } from './lattice.js';
import type { PolarGrid } from './polar.js';
import type { Stream } from './random.js';
import { type Scene, symphysisDistance, type Tube } from './scene.js';

/** What the beam meets, over the polar grid. */
export interface TissueMaps {
  /** Scattering strength, dB against soft tissue. */
  readonly level: Float32Array;
  /** Mirror-like echoes of bone and capsule, as amplitude against soft tissue's. */
  readonly specular: Float32Array;
  /** One-way attenuation, dB/cm. */
  readonly attenuation: Float32Array;
}

/** One place in the grid, as the tissue layers see it. */
interface Place {
  x: number;
  y: number;
  /** Depth below the probe, mm. */
  depth: number;
  /** Direction of the beam. */
  beamX: number;
  beamY: number;
  /** Smooth noise of a few millimetres and of about a centimetre. */
  fine: number;
  coarse: number;
  /** Smooth noise of some centimetres: which tissue this is. */
  broad: number;
  /** Distance around the probe's centre at a middle depth, mm: what streaks run along. */
  around: number;
}

interface Echo {
  level: number;
  specular: number;
  attenuation: number;
}

/** Fills the maps: perineum and fibres first, then symphysis, head, and the disturbances that are tissue. */
export function drawTissue(
  stream: Stream,
  geometry: Geometry,
  scene: Scene,
  grid: PolarGrid,
  frequency: number,
): TissueMaps {
  const count = grid.lines * grid.samples;
  const level = new Float32Array(count);
  const specular = new Float32Array(count);
  const attenuation = new Float32Array(count);
  const { sector } = geometry;
  const broad = new Lattice(stream);
  const streak = new Lattice(stream);
  const soft = scene.softAttenuation * frequency;
  const place: Place = { x: 0, y: 0, depth: 0, beamX: 0, beamY: 0, fine: 0, coarse: 0, broad: 0, around: 0 };
  const echo: Echo = { level: 0, specular: 0, attenuation: 0 };
  const head = headLayers(geometry, scene, streak, frequency);
  const symphysis = symphysisLayers(geometry, scene, frequency);
  const perineum = perineumLayers(scene, streak);
  const analCanal = tubeLayers(scene.analCanal);
  const urethra = tubeLayers(scene.urethra);
  const bladder = scene.bladder ? bladderLayers(scene.bladder) : undefined;
  const gas = scene.gas;
  for (let line = 0; line < grid.lines; line++) {
    place.beamX = Math.sin(grid.angles[line]);
    place.beamY = Math.cos(grid.angles[line]);
    place.around = grid.angles[line] * (sector.near + 30);
    for (let sample = 0; sample < grid.samples; sample++) {
      const radius = sector.near + sample * grid.step;
      place.depth = sample * grid.step;
      place.x = sector.apex.x + radius * place.beamX;
      place.y = sector.apex.y + radius * place.beamY;
      place.coarse = broad.at(place.x / 11, place.y / 11);
      place.fine = broad.at(place.x / 3.1 + 31.5, place.y / 3.1 + 17.25);
      place.broad = broad.at(place.x / 27 + 50.5, place.y / 22 + 3.25);
      echo.level = 0;
      echo.specular = 0;
      echo.attenuation = soft;
      if (!head(place, echo) && !symphysis(place, echo)) {
        perineum(place, echo);
        analCanal(place, echo);
        urethra(place, echo);
        bladder?.(place, echo);
      }
      if (gas) {
        const distance =
          Math.hypot(place.x - gas.centre.x, (place.y - gas.centre.y) * 2.2) / gas.radius + 0.25 * place.fine;
        if (distance < 1) echo.level = gas.level + 2 * place.fine - 8 * distance * distance;
      }
      const i = sample * grid.lines + line;
      level[i] = echo.level;
      specular[i] = echo.specular;
      attenuation[i] = echo.attenuation;
    }
  }
  return { level, specular, attenuation };
}

/** Skin, fat and muscle: bright layers under the probe, fibres along it that fade with depth, loose texture below. */
function perineumLayers(scene: Scene, streak: Lattice): (place: Place, echo: Echo) => void {
  return (place, echo) => {
    const { depth, around, broad, coarse, fine } = place;
    const bent = depth + 1.5 * coarse;
    const fibres = streak.at(around / 13 + 9.5, bent / 1.5);
    const sheets = streak.at(around / 30 + 40.5, bent / 4 + 23.5);
    const shallow = Math.exp(-depth / 38);
    const skin = 7 * Math.exp(-((depth / scene.skinDepth) ** 2)) + 5 * Math.exp(-depth / 1.2);
    const fascia = Math.max(0, fibres - 0.9) * 6 + Math.max(0, sheets - 0.8) * 5;
    echo.level += skin + scene.streaks * shallow * fibres + 2.8 * broad + 2.2 * coarse + 1.3 * fine;
    echo.level += (0.4 + shallow) * fascia - 1.5;
  };
}

/**
 * An oval of fibrocartilage, darker than its surroundings, in a capsule that shines where the beam meets it squarely.
 */
function symphysisLayers(geometry: Geometry, scene: Scene, frequency: number): (place: Place, echo: Echo) => boolean {
  const { landmarks, symphysisThickness } = geometry;
  const { ps1, ps2 } = landmarks;
  const centre = { x: (ps1.x + ps2.x) / 2, y: (ps1.y + ps2.y) / 2 };
  const reach = Math.hypot(ps2.x - ps1.x, ps2.y - ps1.y) / 2 + 6;
  const rimAmplitude = amplitudeOf(scene.rimLevel);
  const EPSILON = 0.05;
  return (place, echo) => {
    if ((place.x - centre.x) ** 2 + (place.y - centre.y) ** 2 > reach ** 2) return false;
    const level = symphysisDistance(geometry, place);
    if (level > 1.6) return false;
    // Distance from the outline in mm, from the level and its gradient.
    const gx = (symphysisDistance(geometry, { x: place.x + EPSILON, y: place.y }) - level) / EPSILON;
    const gy = (symphysisDistance(geometry, { x: place.x, y: place.y + EPSILON }) - level) / EPSILON;
    const slope = Math.max(1e-3, Math.sqrt(gx * gx + gy * gy));
    const distance = (level - 1) / slope;
    const facing = Math.abs(gx * place.beamX + gy * place.beamY) / slope;
    const inward = -distance / scene.rimThickness;
    // The capsule lies inside the outline, and fades over a third of its thickness on both sides.
    const rim = Math.exp(-(((inward - 0.5) / 0.55) ** 2));
    const shine = 0.25 + 0.75 * facing ** 1.6;
    if (rim > 0.02) echo.specular += rimAmplitude * rim * shine * (1 + 0.22 * place.fine);
    if (distance > 0) {
      // Ligament and fat around the capsule.
      echo.level += 2.5 * Math.exp(-distance / 2.5);
      return false;
    }
    const middle = Math.min(1, -distance / (symphysisThickness / 2));
    echo.level += scene.symphysisLevel * Math.min(1, inward) + 1.2 * place.coarse + 1.1 * place.fine + 1.5 * middle;
    echo.attenuation = 1.7 * frequency;
    return true;
  };
}

/** Scalp, skull and brain. True where the place belongs to the head. */
function headLayers(
  geometry: Geometry,
  scene: Scene,
  streak: Lattice,
  frequency: number,
): (place: Place, echo: Echo) => boolean {
  const { skull, skullThickness } = geometry;
  const c = Math.cos(skull.rotation);
  const s = Math.sin(skull.rotation);
  const skullAmplitude = amplitudeOf(scene.skullLevel);
  const bone = scene.boneAttenuation * frequency;
  return (place, echo) => {
    const x = place.x - skull.centre.x;
    const y = place.y - skull.centre.y;
    const along = c * x + s * y;
    const across = -s * x + c * y;
    const level = Math.sqrt((along / skull.a) ** 2 + (across / skull.b) ** 2);
    if (level > 1.45) return false;
    // Normal of the level line, and the distance from it in mm to first order.
    const mx = along / skull.a ** 2;
    const my = across / skull.b ** 2;
    const slope = Math.sqrt(mx * mx + my * my) / Math.max(level, 1e-6);
    const distance = (level - 1) / slope;
    const nx = (c * mx - s * my) / (slope * Math.max(level, 1e-6));
    const ny = (s * mx + c * my) / (slope * Math.max(level, 1e-6));
    if (distance <= -skullThickness) {
      // Brain: folds of medium size, the falx as a faint line along the head, brighter meninges under the bone.
      const depth = -distance - skullThickness;
      const folds = streak.at(along / 6 + 3.5, across / 4.2 + 11.5);
      const falx =
        Math.exp(-(((across + 1.4 * place.coarse) / 0.9) ** 2)) * Math.max(0, 1 - (along / (0.75 * skull.a)) ** 2);
      echo.level += scene.brainLevel + 2.6 * folds + 1.8 * place.coarse + 7 * falx + 4 * Math.exp(-depth / 1.5);
      return true;
    }
    if (distance > scene.scalpThickness + 25) return false;
    const facing = nx * place.beamX + ny * place.beamY;
    const at = Math.atan2(across / skull.b, along / skull.a);
    // Counted from where the head leads, so that the seam of the angle lies in the depth.
    const round = turn(at - scene.leading);
    const swelling = scene.caput
      ? scene.caput.height * Math.exp(-((turn(at - scene.caput.at) / scene.caput.width) ** 2))
      : 0;
    const scalp = scene.scalpThickness + swelling;
    if (distance > scalp) {
      // The birth canal lies around the head in layers.
      const beyond = distance - scalp;
      if (beyond < 14) {
        const layers = streak.at(round * 3.2 + 5.5, beyond / 1.9 + 0.8 * place.coarse);
        echo.level += (3.2 * layers + 2.4 * Math.max(0, layers - 0.7)) * Math.exp(-beyond / 7);
        // Skin of the scalp against fluid or the wall of the canal.
        if (facing < 0)
          echo.specular += 2.6 * Math.exp(-((beyond / 0.45) ** 2)) * facing ** 2 * (1 + 0.5 * place.coarse);
      }
      return false;
    }
    if (distance > 0) {
      echo.level += -3.5 + 1.6 * place.fine + 1.5 * place.coarse - 0.25 * swelling;
      return true;
    }
    // The far side is seen through bone twice, in pieces.
    const side = facing < 0 ? 1 : 0.25 * Math.max(0.1, Math.min(1.5, 0.8 + 0.9 * streak.at(round * 3 + 30.5, 8.5)));
    let amplitude = skullAmplitude * Math.abs(facing) ** scene.skullExponent * side;
    amplitude *= Math.max(0.15, 1 + 0.25 * streak.at(round * 9 + 12.5, 3.5) + 0.2 * place.fine + 0.2 * place.coarse);
    for (const gap of scene.gaps) amplitude *= 1 - 0.95 * Math.exp(-((turn(at - gap.at) / gap.width) ** 4));
    // Outer and inner table shine, the outer one more.
    const within = -distance / skullThickness;
    echo.specular +=
      amplitude * (Math.exp(-(((within - 0.3) / 0.3) ** 2)) + 0.35 * Math.exp(-(((within - 0.85) / 0.2) ** 2)));
    echo.level += 4;
    echo.attenuation = bone;
    return true;
  };
}

/** A dark wall around a bright lining, both fading into the tissue around. */
function tubeLayers(tube: Tube): (place: Place, echo: Echo) => void {
  const dx = Math.sin(tube.angle);
  const dy = Math.cos(tube.angle);
  return (place, echo) => {
    const x = place.x - tube.from.x;
    const y = place.y - tube.from.y;
    const along = (x * dx + y * dy) / tube.length;
    if (along < -0.2 || along > 1.2) return;
    const across = (-x * dy + y * dx + 1.8 * place.coarse + 3 * place.broad) / tube.halfWidth;
    if (Math.abs(across) > 1.6) return;
    const ends = 1 / (1 + Math.exp(-along * 14)) / (1 + Math.exp((along - 1) * 14));
    echo.level +=
      ends * (tube.level * Math.exp(-(across ** 4)) + (tube.lining - tube.level) * Math.exp(-((across / 0.28) ** 2)));
  };
}

function bladderLayers(bladder: Ellipse): (place: Place, echo: Echo) => void {
  const c = Math.cos(bladder.rotation);
  const s = Math.sin(bladder.rotation);
  return (place, echo) => {
    const x = place.x - bladder.centre.x;
    const y = place.y - bladder.centre.y;
    const level = Math.hypot((c * x + s * y) / bladder.a, (-s * x + c * y) / bladder.b) + 0.06 * place.coarse;
    if (level < 1) {
      echo.level = -34;
      echo.specular = 0;
      echo.attenuation = 0;
    } else if (level < 1.35) echo.level += 5 * Math.exp(-(((level - 1.12) / 0.1) ** 2));
  };
}

/** An angle brought to −π … π. */
function turn(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
