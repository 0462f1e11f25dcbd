import { encode } from 'fast-png';
import { SondeError } from '../../../engine/errors.js';
import type { Frame } from '../../../train/image/frame.js';
import type { FrameResult } from '../../frame-result.js';
import type { FramePredictor } from './runtime-state.js';

/** A frame that the server did not answer with a prediction. */
export class ServerError extends SondeError {
  override name = 'ServerError';
}

/**
 * The model on the server. What is sent is a picture of the frame alone, in 16 bits so that nothing of its greys is lost: names
 * and everything else that stands in a file stay in the page.
 */
export function openOnServer(): FramePredictor {
  return {
    where: 'server',
    on: location.host,
    software: false,
    close: () => {},
    async predict(frame) {
      const response = await fetch('/v1/predict?heatmaps=true', {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: toPng(frame),
      }).catch(() => undefined);
      if (!response) throw new ServerError('The server does not answer; try again when it is there.');
      const body = await response.json();
      if (!response.ok) throw new ServerError(body.detail ?? `The server answered with status ${response.status}.`);
      const { landmarks, confidence, uncertainty, heatmaps } = body;
      const levels = Uint8Array.from(atob(heatmaps.levels), (character) => character.charCodeAt(0));
      return { landmarks, confidence, uncertainty, heatmaps: { ...heatmaps, levels } } satisfies FrameResult;
    },
  };
}

function toPng({ width, height, pixels }: Frame): Uint8Array<ArrayBuffer> {
  const data = new Uint16Array(pixels.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(65_535 * pixels[i]);
  return Uint8Array.from(encode({ width, height, data, depth: 16, channels: 1 }));
}
