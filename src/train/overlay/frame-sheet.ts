import sharp from 'sharp';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import { landmarkMarks, marker } from './drawing.js';
import { COLORS, OverlayError } from './marks.js';
import { bytesOf } from './overlay.js';
import { fittedText, textOutline, textWidth } from './text.js';

/** One picture of a sheet. */
export interface SheetCell {
  /** Luminance, size×size: floats from 0 to 1, or bytes. */
  readonly pixels: Float32Array | Uint8Array;
  /** Pixels of this picture, whole numbers at pixel centres. */
  readonly landmarks: Landmarks;
  /** Stand under the picture, one under the other; cut short if they do not fit. */
  readonly captions: readonly string[];
}

export interface FrameSheet {
  readonly title: string;
  readonly subtitle: string;
  /** Titles above the columns, which every row then fills; without them rows may be of any length. */
  readonly columns?: readonly string[];
  readonly rows: readonly (readonly SheetCell[])[];
  /** Height and width of the pictures given, px. */
  readonly size: number;
}

/** Side of a picture on the sheet, px. */
const CELL = 288;
/** Length of 1 px of a 512 px frame for the marks: thicker than to scale, so that they show on small pictures. */
const UNIT = 0.8;
const GAP = 14;
const MARGIN = 24;
const LINE = 16;
const HEADER = 74;
const COLUMN_TITLES = 26;
const GROUND = '#16191f';
const INK = '#eef1f5';
const DIM = '#98a2b1';

/**
 * Frames in rows, their landmarks, rays and angle drawn on every picture, and lines of words beneath each. As PNG.
 *
 * @throws OverlayError without frames, where a row has another number of cells than there are columns, or a picture
 *   another size
 */
export async function renderFrameSheet(sheet: FrameSheet): Promise<Uint8Array> {
  const { columns, rows, size } = sheet;
  const across = columns?.length ?? Math.max(0, ...rows.map((row) => row.length));
  if (across === 0 || rows.length === 0) {
    throw new OverlayError(`${rows.length} rows of ${across} pictures make no sheet; give at least 1 of each.`);
  }
  for (const row of rows) {
    const full = columns === undefined || row.length === across;
    if (full && row.every(({ pixels }) => pixels.length === size * size)) continue;
    throw new OverlayError(
      `A row has ${row.length} pictures of ${row.map(({ pixels }) => pixels.length).join(', ')} pixels; give ` +
        `${across} of ${size}×${size}.`,
    );
  }
  const lines = Math.max(0, ...rows.flat().map(({ captions }) => captions.length));
  const rowHeight = CELL + lines * LINE + 2 * GAP;
  const width = 2 * MARGIN + across * (CELL + GAP) - GAP;
  const above = MARGIN + HEADER + (columns === undefined ? 0 : COLUMN_TITLES);
  const height = above + rows.length * rowHeight - GAP + MARGIN;
  const left = (column: number) => MARGIN + column * (CELL + GAP);
  const top = (row: number) => above + row * rowHeight;

  const pictures = await Promise.all(
    rows.flatMap((row, i) =>
      row.map(async ({ pixels }, j) => ({ input: await enlarged(pixels, size), left: left(j), top: top(i) })),
    ),
  );
  const marks = rows.flatMap((row, i) => row.map((cell, j) => cellMarks(cell, size, left(j), top(i))));
  const titles = (columns ?? []).map((title, j) => text(title, left(j), top(0) - 10, 14, DIM));
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" fill="none">` +
    `${header(sheet, width)}${titles.join('')}${marks.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: GROUND } })
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

async function enlarged(pixels: SheetCell['pixels'], size: number): Promise<Buffer> {
  return sharp(bytesOf(pixels), { raw: { width: size, height: size, channels: 1 } })
    .resize(CELL, CELL, { kernel: 'cubic' })
    .toColourspace('srgb')
    .png()
    .toBuffer();
}

function header({ title, subtitle }: FrameSheet, width: number): string {
  const legend: string[] = [];
  let x = width - MARGIN;
  for (const name of [...LANDMARK_NAMES].reverse()) {
    x -= textWidth(name.toUpperCase(), 14);
    legend.push(text(name.toUpperCase(), x, MARGIN + 20, 14, COLORS[name]));
    x -= 14;
    legend.push(marker({ x, y: MARGIN + 15 }, COLORS[name], 1));
    x -= 26;
  }
  const room = x - MARGIN;
  return [
    text(fittedText(title, 22, room), MARGIN, MARGIN + 22, 22, INK),
    text(fittedText(subtitle, 14, room), MARGIN, MARGIN + 48, 14, DIM),
    ...legend,
  ].join('');
}

function cellMarks({ landmarks, captions }: SheetCell, size: number, x: number, y: number): string {
  const scale = CELL / size;
  const onSheet = (point: Point): Point => ({ x: (point.x + 0.5) * scale, y: (point.y + 0.5) * scale });
  const { ps1, ps2, fh1 } = landmarks;
  const placed = { ps1: onSheet(ps1), ps2: onSheet(ps2), fh1: onSheet(fh1) };
  const marks = landmarkMarks(placed, angleOfProgression(landmarks) !== undefined, UNIT);
  // A document within the document cuts off what lies beyond the picture.
  const picture = `<svg x="${x}" y="${y}" width="${CELL}" height="${CELL}">${marks.join('')}</svg>`;
  const words = captions.map((caption, i) =>
    text(fittedText(caption, 12, CELL), x, y + CELL + 4 + (i + 0.75) * LINE, 12, i === 0 ? INK : DIM),
  );
  return picture + words.join('');
}

function text(content: string, x: number, baseline: number, size: number, color: string): string {
  return `<path d="${textOutline(content, x, baseline, size)}" fill="${color}"/>`;
}
