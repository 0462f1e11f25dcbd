import type { Region } from '../../images/frame.js';
import { angleOfProgression, type Landmarks, type Point } from '../../model/landmarks.js';
import type { Drawing } from './layout.js';

/** Frames narrower than this are enlarged by a whole factor, so that lines and text stay crisp. */
const LEAST_WIDTH = 512;

/** What is drawn over a frame, from landmarks in pixels of the frame, whole numbers at pixel centres. */
export function enlargedDrawing(frame: Omit<Drawing, 'trueAop'>): Drawing {
  const { width, height, predicted, truth, seen } = frame;
  const scale = Math.max(1, Math.ceil(LEAST_WIDTH / width));
  const enlarged = (landmarks: Landmarks): Landmarks => {
    // From pixel centres at whole numbers to SVG, where the frame begins at 0.
    const enlarge = ({ x, y }: Point): Point => ({ x: (x + 0.5) * scale, y: (y + 0.5) * scale });
    return { ps1: enlarge(landmarks.ps1), ps2: enlarge(landmarks.ps2), fh1: enlarge(landmarks.fh1) };
  };
  return {
    ...frame,
    width: width * scale,
    height: height * scale,
    predicted: enlarged(predicted),
    truth: truth && enlarged(truth),
    trueAop: truth && angleOfProgression(truth),
    seen: seen && scaled(seen, scale),
  };
}

function scaled({ x, y, width, height }: Region, factor: number): Region {
  return { x: factor * x, y: factor * y, width: factor * width, height: factor * height };
}
