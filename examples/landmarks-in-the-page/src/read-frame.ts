import type { GreyFrame } from 'sonde/model';

/** A picture's luminance, drawn on `canvas` on the way. @throws Error where the file is no picture */
export async function readFrame(file: File, canvas: HTMLCanvasElement): Promise<GreyFrame> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' }).catch(() => {
    throw new Error(`${file.name} is no picture that this browser can read; pick a PNG or JPEG.`);
  });
  const { width, height } = bitmap;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = Float32Array.from(
    { length: width * height },
    (_, i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255,
  );
  return { width, height, pixels };
}
