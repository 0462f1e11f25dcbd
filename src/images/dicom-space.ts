import type { DataSet } from 'dicom-parser';
import type { FrameAttributes } from './dicom-groups.js';
import { ImageError } from './errors.js';
import type { Region } from './frame.js';

/** Millimetres per pixel. */
type Spacing = { readonly x: number; readonly y: number };

interface UltrasoundRegion extends Region {
  readonly spacing?: Spacing;
}

/**
 * Millimetres per pixel of a frame: of the largest ultrasound region, otherwise of the pixel spacing (0028,0030), which
 * may stand in a functional group, otherwise of the spacing at the detector (0018,1164).
 */
export function readSpacing(dataSet: DataSet, frame: FrameAttributes): Spacing | undefined {
  const measured = largest(regions(dataSet).filter(({ spacing }) => spacing));
  return measured?.spacing ?? spacingByRows(frame('x00289110'), 'x00280030') ?? spacingByRows(dataSet, 'x00181164');
}

/**
 * Height of a pixel divided by its width (0028,0034), which a file gives where pixels are oblong and their size is not
 * known (PS3.3, C.7.6.3.1.7); undefined where they are square.
 *
 * @throws ImageError where it is not two whole numbers above 0
 */
export function readPixelAspectRatio(dataSet: DataSet, name: string): number | undefined {
  const text = dataSet.string('x00280034')?.trim();
  if (!text) return undefined;
  const [vertical, horizontal] = text.split('\\').map(Number);
  if (!(Number.isInteger(vertical) && Number.isInteger(horizontal) && vertical > 0 && horizontal > 0)) {
    throw new ImageError(
      `${name}: the pixel aspect ratio (0028,0034) is not two whole numbers above 0; the file is damaged, export it again.`,
    );
  }
  return vertical === horizontal ? undefined : vertical / horizontal;
}

/**
 * The largest ultrasound region, as far as it lies in the image; undefined where there is none, or it is the whole
 * image.
 */
export function readRegion(dataSet: DataSet, width: number, height: number): Region | undefined {
  const inside = regions(dataSet)
    .map((region) => clip(region, width, height))
    .filter((region) => region.width >= 1 && region.height >= 1);
  const found = largest(inside);
  return found && (found.width < width || found.height < height) ? found : undefined;
}

/**
 * The regions (0018,6011) that show tissue, with or without the colours of flow, in two dimensions (PS3.3, C.8.5.5.1).
 */
function regions(dataSet: DataSet): UltrasoundRegion[] {
  const [TWO_DIMENSIONAL, TISSUE, COLOUR_FLOW, CENTIMETRES] = [1, 1, 2, 3];
  const found: UltrasoundRegion[] = [];
  for (const { dataSet: region } of dataSet.elements.x00186011?.items ?? []) {
    const type = region?.uint16('x00186014');
    if (region?.uint16('x00186012') !== TWO_DIMENSIONAL || (type !== TISSUE && type !== COLOUR_FLOW)) continue;
    const [left = 0, top = 0, right = -1, bottom = -1] = ['x00186018', 'x0018601a', 'x0018601c', 'x0018601e'].map(
      (tag) => region.uint32(tag),
    );
    const metric = region.uint16('x00186024') === CENTIMETRES && region.uint16('x00186026') === CENTIMETRES;
    const spacing = {
      x: Math.abs(region.double('x0018602c') ?? 0) * 10,
      y: Math.abs(region.double('x0018602e') ?? 0) * 10,
    };
    // Both corners belong to the region.
    found.push({
      x: left,
      y: top,
      width: Math.max(0, right - left + 1),
      height: Math.max(0, bottom - top + 1),
      ...(metric && isSpacing(spacing) ? { spacing } : {}),
    });
  }
  return found;
}

function largest<R extends Region>(candidates: readonly R[]): R | undefined {
  return candidates.reduce<R | undefined>(
    (best, region) => (best && best.width * best.height >= region.width * region.height ? best : region),
    undefined,
  );
}

function clip({ x, y, width, height }: Region, columns: number, rows: number): Region {
  return { x, y, width: Math.min(width, columns - x), height: Math.min(height, rows - y) };
}

/** Two decimal strings, of which that between rows, the vertical one, comes first. */
function spacingByRows(dataSet: DataSet, tag: string): Spacing | undefined {
  const spacing = { x: dataSet.floatString(tag, 1) ?? 0, y: dataSet.floatString(tag, 0) ?? 0 };
  return isSpacing(spacing) ? spacing : undefined;
}

function isSpacing({ x, y }: Spacing): boolean {
  return x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y);
}
