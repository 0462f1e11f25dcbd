export { type GatherFramesOptions, gatherFrames, packFrames, wordsPerFrame } from './gather-frames.js';
