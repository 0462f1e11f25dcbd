/** The result as a picture. Loaded when the first one is asked for, as it brings a font along. */
import type { Frame } from '../../../images/frame.js';
import { overlaySvg } from '../../../train/overlay/drawing.js';
import { enlargedDrawing } from '../../../train/overlay/enlarge.js';
import { OverlayError } from '../../../train/overlay/errors.js';
import { loadOverlayFont } from '../../../train/overlay/font-browser.js';
import { type Annotation, isCorrected, landmarksOf, measurementsOf } from '../annotate/annotation.js';
import { drawFrame } from '../view/draw-frame.js';

/** SVG that holds the frame, its landmarks, and where they were moved the prediction as well. */
export async function pictureSvg(frame: Frame, annotation: Annotation, title: string): Promise<string> {
  await loadOverlayFont();
  const predicted = landmarksOf(annotation);
  const corrected = isCorrected(annotation);
  const drawing = enlargedDrawing({
    width: frame.width,
    height: frame.height,
    predicted,
    ...measurementsOf(annotation),
    seen: annotation.prediction.seen,
    truth: corrected ? annotation.prediction.landmarks : undefined,
    names: { predicted: 'corrected', truth: 'prediction' },
    title,
  });
  return overlaySvg(drawing, drawFrame(frame).toDataURL('image/png'));
}

export async function picturePng(frame: Frame, annotation: Annotation, title: string): Promise<Blob> {
  const svg = await pictureSvg(frame, annotation, title);
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new OverlayError(`The browser has no room for a picture of ${canvas.width}×${canvas.height} px.`);
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
