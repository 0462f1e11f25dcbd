import { SondeError } from '../../engine/errors.js';
import { angleOfProgression, type Landmarks } from '../../model/landmarks.js';
import { scanConvert } from './display.js';
import { drawGeometry, type Geometry, toPixels } from './geometry.js';
import { drawOverlay } from './overlay.js';
import { polarGrid } from './polar.js';
import { PROFILES, type Profile } from './profiles.js';
import { type Purpose, Stream } from './random.js';
import { receive } from './receive.js';
import { type Difficulty, drawScene, type Scene } from './scene.js';
import { drawEnvelope } from './speckle.js';
import { drawTissue } from './tissue.js';

/** Options of which no synthetic frame or set can be made. */
export class PhantomError extends SondeError {
  override name = 'PhantomError';
}

export interface PhantomOptions {
  readonly seed: number;
  /** Number of the frame in its set. */
  readonly index: number;
  readonly difficulty: Difficulty;
  /** Pixels each way. Default 512. */
  readonly size?: number;
  /** A profile's name; by default the seed and index choose. */
  readonly profile?: string;
}

/** A synthetic frame with its exact labels. */
export interface Phantom {
  readonly size: number;
  /** Greys, size×size, row-major. */
  readonly pixels: Uint8Array;
  /** In pixels of this frame. */
  readonly landmarks: Landmarks;
  /** Angle of progression, degrees. */
  readonly aop: number;
  readonly profile: Profile;
  readonly geometry: Geometry;
  readonly scene: Scene;
}

/**
 * Makes one frame. The same options give the same bits, whatever was made before; another size gives the same anatomy.
 *
 * @throws PhantomError
 */
export function generatePhantom(options: PhantomOptions): Phantom {
  const { seed, index, difficulty, size = 512 } = options;
  const stream = (purpose: Purpose) => new Stream(seed, index, purpose);
  checkFrameOptions({ seed, index, size });
  const profile = options.profile === undefined ? stream('profile').pick(PROFILES) : profileNamed(options.profile);
  const geometry = drawGeometry(stream('geometry'), profile);
  const scene = drawScene(stream('scene'), geometry, difficulty);
  const grid = polarGrid(geometry, size);
  const tissue = drawTissue(stream('texture'), geometry, scene, grid, profile.frequency);
  const envelope = drawEnvelope(stream('speckle'), tissue, grid, profile);
  const greys = receive(stream('noise'), envelope, tissue, geometry, scene, grid, profile);
  const picture = scanConvert(greys, geometry, grid, size, profile);
  const place = (point: { x: number; y: number }) => toPixels(point, geometry.millimetresPerPixel, size);
  const { ps1, ps2, fh1 } = geometry.landmarks;
  const landmarks = { ps1: place(ps1), ps2: place(ps2), fh1: place(fh1) };
  const pixels = Uint8Array.from(picture, (grey) => Math.round(grey * 255));
  if (scene.overlay) drawOverlay(stream('overlay'), pixels, size, geometry, profile);
  return { size, pixels, landmarks, aop: angleOfProgression(landmarks) ?? Number.NaN, profile, geometry, scene };
}

/** Throws unless a frame can be made of these. */
export function checkFrameOptions({ seed, index, size }: { seed: number; index: number; size: number }): void {
  for (const [name, value] of Object.entries({ seed, index })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new PhantomError(`phantoms: ${name} ${value} is no whole number from 0 to 2^53; choose one.`);
    }
  }
  if (!Number.isSafeInteger(size) || size < 32 || size > 4096) {
    throw new PhantomError(`phantoms: frames of ${size}×${size} pixels are not made; choose a size from 32 to 4096.`);
  }
}

function profileNamed(name: string): Profile {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile) return profile;
  const names = PROFILES.map((candidate) => candidate.name).join(', ');
  throw new PhantomError(`phantoms: there is no profile "${name}"; choose one of ${names}.`);
}
