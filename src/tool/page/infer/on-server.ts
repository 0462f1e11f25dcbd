import { encode } from 'fast-png';
import { SondeError } from '../../../engine/errors.js';
import { cropFrame } from '../../../images/crop.js';
import {
  type AnsweredFrame,
  type Fit,
  type FrameResult,
  type Landmarks,
  mapLandmarks,
  measure,
  type Region,
  warningsOf,
} from '../../../model/index.js';
import type { FramePredictor } from './runtime-state.js';

/** Thrown if the server does not respond with a prediction. */
export class ServerError extends SondeError {
  override name = 'ServerError';
}

/**
 * The model on the server. What is sent is a picture of the frame's region alone, in 16 bits so that nothing of its
 * greys is lost: names and everything else that stands in a file, or around the region, stay in the page.
 */
export function openOnServer(): FramePredictor {
  return {
    where: 'server',
    on: location.host,
    software: false,
    close: () => {},
    async predict(frame, fit) {
      const response = await fetch(`/v1/predict?heatmaps=true&fit=${fit satisfies Fit}`, {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: toPng(frame),
      }).catch(() => undefined);
      if (!response) throw new ServerError('The server does not respond; try again when it is running.');
      const body = await response.json();
      if (!response.ok) throw new ServerError(body.detail ?? `The server responded with status ${response.status}.`);
      const [{ heatmaps, ...result }] = body.frames;
      const levels = Uint8Array.from(atob(heatmaps.levels), (character) => character.charCodeAt(0));
      return inWholeFrame({ ...result, heatmaps: { ...heatmaps, levels } }, frame);
    },
  };
}

/**
 * Transforms the result for the picture that was sent to the frame it was cut from, whose spacing the server does not
 * know.
 */
function inWholeFrame(result: FrameResult, whole: AnsweredFrame): FrameResult {
  const { width, height, spacing = null, pixelAspectRatio = null, region, frame = 1, frameCount = 1 } = whole;
  const moved = (box: Region) => ({ ...box, x: box.x + (region?.x ?? 0), y: box.y + (region?.y ?? 0) });
  const placed = (landmarks: Landmarks) =>
    mapLandmarks(landmarks, ({ x, y }) => ({ x: x + (region?.x ?? 0), y: y + (region?.y ?? 0) }));
  const landmarks = placed(result.landmarks);
  const { heatmaps } = result;
  const proportions = { spacing, pixelAspectRatio };
  const facts = { ...result, frame, frameCount, width, height, ...proportions, seen: moved(result.seen), landmarks };
  return {
    ...facts,
    ...measure(landmarks, facts),
    warnings: warningsOf(landmarks, facts),
    ...(heatmaps && { heatmaps: { ...heatmaps, box: moved(heatmaps.box) } }),
  };
}

function toPng(frame: AnsweredFrame): Uint8Array<ArrayBuffer> {
  const { width, height, pixels } = cropFrame(frame);
  const data = new Uint16Array(pixels.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(65_535 * pixels[i]);
  return Uint8Array.from(encode({ width, height, data, depth: 16, channels: 1 }));
}
