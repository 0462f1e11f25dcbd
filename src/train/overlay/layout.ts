/** Where things go on an overlay. Lengths are for a frame of 512 px and grow with it. */
import type { Region } from '../../images/frame.js';
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { arcRadius, COLORS, directionOf } from './marks.js';
import { type Box, boxAround, boxesAlong, placeLabel } from './placement.js';
import { fittedText, textWidth } from './text.js';

/** What is drawn over a frame of `width` × `height` px. Coordinates are SVG's: the first pixel's centre is at 0.5. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly predicted: Landmarks;
  readonly truth?: Landmarks;
  /** Degrees; null or undefined where there is no angle. */
  readonly aop: number | null | undefined;
  /** The same in millimetres, where pixels are not square. */
  readonly aopInMillimetres?: number | null | undefined;
  readonly trueAop?: number | undefined;
  /** The part that the network saw. */
  readonly seen?: Region | undefined;
  readonly title?: string;
  /** What the solid and the dashed landmarks are called where both are drawn; default: prediction and truth. */
  readonly names?: { readonly predicted: string; readonly truth: string };
}

/** A line of text in its box. */
export interface Label {
  readonly text: string;
  readonly color: string;
  readonly box: Box;
}

/** A line of the legend: a label with a stroke like the one it explains in front of it. */
export interface LegendRow extends Label {
  readonly dashed: boolean;
}

export interface Layout {
  readonly labels: readonly Label[];
  readonly legend: readonly LegendRow[];
}

export const TEXT_SIZE = 13;
/** Space between the text of a label and its border. */
export const PADDING = 5;
/** Radius of a landmark's marker. */
export const MARKER = 5;
/** Length of the strokes in the legend, with the space behind them. */
export const SAMPLE = 26;
const MARGIN = 8;
const LINE_HEIGHT = 20;

/** Length on this drawing of 1 px of a 512 px frame. */
export function unitOf({ width, height }: Drawing): number {
  return Math.min(width, height) / 512;
}

/** Places all text inside the frame, clear of the lines, the markers and each other as far as there is room. */
export function layOut(drawing: Drawing): Layout {
  const { predicted, truth, title } = drawing;
  const unit = unitOf(drawing);
  const margin = MARGIN * unit;
  const frame = { x: margin, y: margin, width: drawing.width - 2 * margin, height: drawing.height - 2 * margin };
  const lines = (truth === undefined ? [predicted] : [predicted, truth]).flatMap((landmarks) =>
    marksOf(landmarks, unit),
  );
  const taken: Box[] = [...lines];
  const labels: Label[] = [];
  const put = (label: Label) => {
    labels.push(label);
    taken.push(label.box);
  };

  if (title !== undefined) {
    const fitted = fittedText(title, TEXT_SIZE * unit, frame.width - 2 * PADDING * unit);
    put({ text: fitted, color: COLORS.angle, box: { x: frame.x, y: frame.y, ...sizeOf(fitted, unit) } });
  }
  const legend = truth === undefined ? [] : legendRows(drawing, frame);
  taken.push(...legend.map(({ box }) => box));

  const bisector = bisectorOf(predicted);
  const angle = angleText(drawing);
  const angleRequest = { anchor: predicted.ps1, gap: arcRadius(predicted, unit) + 6 * unit, direction: bisector };
  put({ text: angle, color: COLORS.angle, box: placeLabel({ ...angleRequest, ...sizeOf(angle, unit) }, frame, taken) });

  // Names point away from the opening of the angle.
  const outward = {
    ps1: bisector + Math.PI,
    ps2: directionOf(predicted.ps1, predicted.ps2),
    fh1: directionOf(predicted.ps1, predicted.fh1),
  };
  for (const name of LANDMARK_NAMES) {
    const text = name.toUpperCase();
    const request = { anchor: predicted[name], gap: (MARKER + 6) * unit, direction: outward[name] };
    put({ text, color: COLORS[name], box: placeLabel({ ...request, ...sizeOf(text, unit) }, frame, taken) });
  }
  return { labels, legend };
}

/** Direction of the middle between the two rays. */
function bisectorOf({ ps1, ps2, fh1 }: Landmarks): number {
  const first = directionOf(ps1, ps2);
  const second = directionOf(ps1, fh1);
  const middle = { x: Math.cos(first) + Math.cos(second), y: Math.sin(first) + Math.sin(second) };
  return Math.atan2(middle.y, middle.x);
}

function marksOf(landmarks: Landmarks, unit: number): Box[] {
  const { ps1, ps2, fh1 } = landmarks;
  return [
    ...boxesAlong(ps1, ps2, 6 * unit),
    ...boxesAlong(ps1, fh1, 6 * unit),
    ...LANDMARK_NAMES.map((name) => boxAround(landmarks[name], (MARKER + 2) * unit)),
  ];
}

/** The two rows of the legend at the bottom left, where a sector leaves its frame black. */
function legendRows(drawing: Drawing, frame: Box): LegendRow[] {
  const unit = unitOf(drawing);
  const { names = { predicted: 'prediction', truth: 'truth' } } = drawing;
  const rows = [
    { text: `${names.predicted} ${degrees(drawing.aop)}`, color: COLORS.angle, dashed: false },
    { text: `${names.truth} ${degrees(drawing.trueAop)}`, color: COLORS.truth, dashed: true },
  ];
  const width = Math.max(...rows.map(({ text }) => sizeOf(text, unit).width)) + SAMPLE * unit;
  const height = LINE_HEIGHT * unit;
  const top = frame.y + frame.height - rows.length * height;
  return rows.map((row, index) => ({ ...row, box: { x: frame.x, y: top + index * height, width, height } }));
}

/** Where pixels are not square the angle that is drawn is not the patient's, so both are named. */
function angleText({ aop, aopInMillimetres }: Drawing): string {
  if (aopInMillimetres === undefined || aopInMillimetres === null) return `AoP ${degrees(aop)}`;
  return `AoP ${degrees(aopInMillimetres)} (${degrees(aop)} in the picture)`;
}

function degrees(angle: number | null | undefined): string {
  return angle === undefined || angle === null ? 'undefined' : `${angle.toFixed(1)}°`;
}

function sizeOf(text: string, unit: number): { width: number; height: number } {
  return { width: textWidth(text, TEXT_SIZE * unit) + 2 * PADDING * unit, height: LINE_HEIGHT * unit };
}
