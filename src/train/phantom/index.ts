export { generatePhantom, type Phantom, PhantomError, type PhantomOptions } from './generate.js';
export { type Ellipse, type Geometry, LABEL_RANGES, type Sector } from './geometry.js';
export { type OverlayStyle, PROFILES, type Profile } from './profiles.js';
export type { Difficulty, Gas, Scene, Tube } from './scene.js';
export { PHANTOM_VERSION, type PhantomDatasetOptions, writePhantomDataset } from './write.js';
