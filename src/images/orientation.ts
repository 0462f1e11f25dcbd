import type { RasterSamples } from './raster-samples.js';

/** How stored rows and columns are to be shown, 1 (as they are) to 8, as EXIF numbers it. */
export type Orientation = number;

const ORIENTATION_TAG = 0x0112;

/** The orientation in EXIF data, which are laid out as a TIFF file (CIPA DC-008, 4.6.4); 1 where they do not say. */
export function readOrientation(exif: Uint8Array): Orientation {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  if (exif.length < 8) return 1;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const littleEndian = order === 0x4949;
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > exif.length) return 1;
  const entries = view.getUint16(directory, littleEndian);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > exif.length) return 1;
    if (view.getUint16(at, littleEndian) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, littleEndian);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Samples turned and mirrored as an orientation says. */
export function orient(image: RasterSamples, orientation: Orientation): RasterSamples {
  if (orientation === 1) return image;
  const { width, height, channels, samples } = image;
  // From 5 on rows are columns. What is mirrored is said of the picture as it is shown.
  const turned = orientation >= 5;
  const [columns, rows] = turned ? [height, width] : [width, height];
  const mirrorX = [2, 3, 6, 7].includes(orientation);
  const mirrorY = [3, 4, 7, 8].includes(orientation);
  const shown = new (samples.constructor as typeof Uint8Array)(samples.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const column = mirrorX ? columns - 1 - x : x;
      const row = mirrorY ? rows - 1 - y : y;
      const from = (turned ? column * width + row : row * width + column) * channels;
      for (let c = 0; c < channels; c++) shown[(y * columns + x) * channels + c] = samples[from + c];
    }
  }
  return { width: columns, height: rows, channels, samples: shown };
}
