import type { Landmarks, Point } from '../landmarks.js';

/** Side of the frame in whose pixels all scores are given. */
const FRAME = 512;

/**
 * Landmarks of a square frame of `frameSize` px in pixels of a 512 px frame. Whole numbers are pixel centres, so the
 * frame reaches from −0.5 to size − 0.5, and x becomes (x + 0.5) · 512 / size − 0.5.
 */
export function scaleTo512(landmarks: Landmarks, frameSize: number): Landmarks {
  const scale = (value: number) => ((value + 0.5) * FRAME) / frameSize - 0.5;
  const scalePoint = ({ x, y }: Point): Point => ({ x: scale(x), y: scale(y) });
  return { ps1: scalePoint(landmarks.ps1), ps2: scalePoint(landmarks.ps2), fh1: scalePoint(landmarks.fh1) };
}
