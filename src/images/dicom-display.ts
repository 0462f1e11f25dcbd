import type { DataSet } from 'dicom-parser';
import type { FrameAttributes } from './dicom-groups.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import { type LookupTable, lookUp, readFirstTable } from './lookup-table.js';
import type { PixelFormat } from './pixel-format.js';

/**
 * From stored values of greyscale to shades: the modality transformation (PS3.3, C.11.1), then that of the VOI
 * (C.11.2).
 */
export interface Display {
  readonly modality: { readonly slope: number; readonly intercept: number } | LookupTable;
  /** Undefined: the whole range of the stored bits is shown. */
  readonly voi?: VoiWindow | LookupTable | undefined;
}

/** How a window maps values to shades (PS3.3, C.11.2.1.2 and C.11.2.1.3). */
export interface VoiWindow {
  readonly center: number;
  readonly width: number;
  readonly function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';
}

const PIXEL_VALUE_TRANSFORMATION = 'x00289145';
const FRAME_VOI_LUT = 'x00289132';

/**
 * Reads how the greyscale values of a frame are to be shown. A modality table replaces slope and intercept, a window
 * takes precedence over a VOI table, and of several windows the first counts.
 *
 * @throws ImageError where a number is damaged, the slope is 0, or a window is outside what its function allows
 */
export function readDisplay(
  frame: FrameAttributes,
  { signed, bitsStored, bigEndian }: PixelFormat,
  name: string,
): Display {
  const table = (macro: string, tag: string, indexIsSigned: boolean) =>
    readFirstTable(frame(macro), tag, { signed: indexIsSigned, littleEndian: !bigEndian }, name);
  const modality = table(PIXEL_VALUE_TRANSFORMATION, 'x00283000', signed) ?? readRescale(frame, name);
  const window = readWindow(frame, name);
  if (window) return { modality, voi: window };
  // The first value mapped by a VOI table is signed where values can be negative by then.
  const negative = 'slope' in modality && valueRange(modality, { signed, bitsStored }).low < 0;
  return { modality, voi: table(FRAME_VOI_LUT, 'x00283010', negative) };
}

function readRescale(frame: FrameAttributes, name: string): { slope: number; intercept: number } {
  const read = (tag: string, label: string) => decimal(frame(PIXEL_VALUE_TRANSFORMATION), tag, label, name);
  const slope = read('x00281053', 'rescale slope') ?? 1;
  const intercept = read('x00281052', 'rescale intercept') ?? 0;
  if (slope === 0) {
    throw new ImageError(
      `${name}: the rescale slope (0028,1053) is 0, which makes every pixel the same; export the file again.`,
    );
  }
  return { slope, intercept };
}

function readWindow(frame: FrameAttributes, name: string): VoiWindow | undefined {
  const read = (tag: string, label: string) => decimal(frame(FRAME_VOI_LUT), tag, label, name);
  const center = read('x00281050', 'window center');
  const width = read('x00281051', 'window width');
  if (center === undefined && width === undefined) return undefined;
  if (center === undefined || width === undefined) {
    throw new ImageError(
      `${name}: the file gives a window ${center === undefined ? 'width (0028,1051) without a center' : 'center (0028,1050) without a width'}; ` +
        'export it again with both, or with neither.',
    );
  }
  const label = frame(FRAME_VOI_LUT).string('x00281056') || 'LINEAR';
  if (label !== 'LINEAR' && label !== 'LINEAR_EXACT' && label !== 'SIGMOID') {
    throw new UnsupportedImageError(
      `${name}: its VOI LUT function (0028,1056) is none of LINEAR, LINEAR_EXACT and SIGMOID, which are what is read; convert the file.`,
    );
  }
  const valid = label === 'LINEAR' ? width >= 1 : width > 0;
  if (!valid) {
    throw new ImageError(
      `${name}: the window width (0028,1051) is ${width}, and with the VOI LUT function ${label} it must be ` +
        `${label === 'LINEAR' ? 'at least 1' : 'above 0'}; export the file again, or without a window.`,
    );
  }
  return { center, width, function: label };
}

/**
 * The first of the values of a decimal string, or undefined where there is none.
 *
 * @throws ImageError where it is not a finite number
 */
function decimal(dataSet: DataSet, tag: string, label: string, name: string): number | undefined {
  const text = dataSet.string(tag, 0)?.trim();
  if (!text) return undefined;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  // Without the text: a damaged file may have a patient's name in this place.
  throw new ImageError(
    `${name}: its ${label} (${tagName(tag)}) is not a number; the file is damaged, export it again.`,
  );
}

function tagName(tag: string): string {
  return `${tag.slice(1, 5)},${tag.slice(5)}`.toUpperCase();
}

/** The map from stored values to shades; what lies outside [0, 1] is black or white. */
export function shadeOf({ modality, voi }: Display, format: PixelFormat): (stored: number) => number {
  if ('entries' in modality) {
    const show = voi ? voiShade(voi) : linearShade(0, 2 ** modality.bits - 1);
    return (stored) => show(lookUp(modality, stored));
  }
  const { slope, intercept } = modality;
  const { low, high } = valueRange(modality, format);
  const show = voi ? voiShade(voi) : linearShade(low, high);
  return (stored) => show(stored * slope + intercept);
}

/** What the stored bits can become by slope and intercept. */
function valueRange(
  { slope, intercept }: { readonly slope: number; readonly intercept: number },
  { signed, bitsStored }: Pick<PixelFormat, 'signed' | 'bitsStored'>,
): { low: number; high: number } {
  const lowest = signed ? -(2 ** (bitsStored - 1)) : 0;
  const ends = [lowest, lowest + 2 ** bitsStored - 1].map((stored) => stored * slope + intercept);
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

function linearShade(low: number, high: number): (value: number) => number {
  return (value) => (value - low) / (high - low);
}

function voiShade(voi: VoiWindow | LookupTable): (value: number) => number {
  if ('entries' in voi) return (value) => lookUp(voi, value) / (2 ** voi.bits - 1);
  const { center, width } = voi;
  switch (voi.function) {
    case 'SIGMOID':
      return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
    case 'LINEAR_EXACT':
      return (value) => (value - center) / width + 0.5;
    case 'LINEAR':
      // It counts whole levels, hence the halves; a width of one is a threshold.
      if (width === 1) return (value) => (value > center - 0.5 ? 1 : 0);
      return (value) => (value - (center - 0.5)) / (width - 1) + 0.5;
  }
}
