/** Pictures of results. Loaded on demand, because of the font. */
import type { Frame } from '../../../images/frame.js';
import { overlaySvg } from '../../../train/overlay/drawing.js';
import { enlargedDrawing } from '../../../train/overlay/enlarge.js';
import { loadOverlayFont } from '../../../train/overlay/font-browser.js';
import { OverlayError } from '../../../train/overlay/marks.js';
import { type Annotation, isCorrected, landmarksOf, measurementsOf } from '../annotate/annotation.js';
import { drawFrame } from '../view/draw-frame.js';

/** SVG of the frame with its landmarks, and with the prediction if they were moved. */
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
    if (!blob) throw new OverlayError(`The browser cannot create a picture of ${canvas.width}×${canvas.height} px.`);
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
