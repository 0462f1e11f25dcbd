/** The marks of an overlay as SVG. Everything has a dark border, so that it shows on bright tissue as on black. */
import type { Region } from '../../images/frame.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import {
  type Drawing,
  type Label,
  type LegendRow,
  layOut,
  MARKER,
  PADDING,
  SAMPLE,
  TEXT_SIZE,
  unitOf,
} from './layout.js';
import { arcRadius, COLORS, directionOf } from './marks.js';
import { type Box, enclosing } from './placement.js';
import { CAP_HEIGHT, textOutline } from './text.js';

const SHADE = '#05080d';

/**
 * An overlay as an SVG document. Text is drawn as outlines.
 *
 * @param picture Address of the frame's picture, such as a data URL; without one the ground is transparent.
 */
export function overlaySvg(drawing: Drawing, picture?: string): string {
  const { width, height, predicted, truth, aop, seen } = drawing;
  const unit = unitOf(drawing);
  const { labels, legend } = layOut(drawing);
  const marks = [
    ...(seen === undefined ? [] : unseen(seen, drawing, unit)),
    ...(truth === undefined ? [] : truthMarks(truth, unit)),
    ...landmarkMarks(predicted, typeof aop === 'number', unit),
    ...(legend.length === 0 ? [] : [panel(enclosing(legend.map(({ box }) => box)), unit)]),
    ...legend.flatMap((row) => [...sample(row, unit), text(row, SAMPLE * unit, unit)]),
    ...labels.flatMap((label) => [panel(label.box, unit), text(label, 0, unit)]),
  ];
  const ground = picture === undefined ? '' : `<image href="${picture}" width="${width}" height="${height}"/>`;
  const attributes = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" fill="none"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${ground}${marks.join('')}</svg>`;
}

/** A border around what the network saw, and a shade over the rest; nothing where it saw all. */
function unseen({ x, y, width, height }: Region, drawing: Drawing, unit: number): string[] {
  const whole = x <= 0.5 && y <= 0.5 && x + width >= drawing.width - 0.5 && y + height >= drawing.height - 0.5;
  if (whole) return [];
  const inner = `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`;
  const outer = `M0 0H${drawing.width}V${drawing.height}H0Z`;
  const dashes = [3 * unit, 4 * unit].map(round).join(' ');
  return [
    `<path d="${outer}${inner}" fill="${SHADE}" fill-opacity="0.5" fill-rule="evenodd"/>`,
    `<path d="${inner}" stroke="${COLORS.angle}" stroke-opacity="0.75" stroke-width="${round(unit)}" stroke-dasharray="${dashes}"/>`,
  ];
}

/** Both rays, the arc between them if there is an angle, and the three points. @param unit 1 px of a 512 px frame. */
export function landmarkMarks(landmarks: Landmarks, hasAngle: boolean, unit: number): string[] {
  return [
    ...ray(landmarks.ps1, landmarks.ps2, COLORS.ps2, unit),
    ...ray(landmarks.ps1, landmarks.fh1, COLORS.fh1, unit),
    ...(hasAngle ? arc(landmarks, unit) : []),
    ...LANDMARK_NAMES.map((name) => marker(landmarks[name], COLORS[name], unit)),
  ];
}

function ray(from: Point, to: Point, color: string, unit: number): string[] {
  return line(from, to, [
    { stroke: SHADE, width: 4 * unit, opacity: 0.55 },
    { stroke: color, width: 1.8 * unit, opacity: 0.95 },
  ]);
}

/** The sector between the rays at PS1, on the side that is less than 180°. */
function arc({ ps1, ps2, fh1 }: Landmarks, unit: number): string[] {
  const radius = arcRadius({ ps1, ps2, fh1 }, unit);
  const start = onCircle(ps1, radius, directionOf(ps1, ps2));
  const end = onCircle(ps1, radius, directionOf(ps1, fh1));
  const clockwise = (ps2.x - ps1.x) * (fh1.y - ps1.y) - (ps2.y - ps1.y) * (fh1.x - ps1.x) > 0;
  const path = `A${round(radius)} ${round(radius)} 0 0 ${clockwise ? 1 : 0} ${at(end)}`;
  return [
    `<path d="M${at(ps1)}L${at(start)}${path}Z" fill="${COLORS.angle}" fill-opacity="0.16"/>`,
    `<path d="M${at(start)}${path}" stroke="${SHADE}" stroke-opacity="0.55" stroke-width="${round(3.6 * unit)}"/>`,
    `<path d="M${at(start)}${path}" stroke="${COLORS.angle}" stroke-width="${round(1.6 * unit)}"/>`,
  ];
}

/** A ring around the point, open in the middle so that the tissue under it can be seen, and a dot on it. */
export function marker(point: Point, color: string, unit: number): string {
  const circle = (radius: number, style: string) =>
    `<circle cx="${round(point.x)}" cy="${round(point.y)}" r="${round(radius * unit)}" ${style}/>`;
  return [
    circle(MARKER, `stroke="${SHADE}" stroke-opacity="0.7" stroke-width="${round(4 * unit)}"`),
    circle(MARKER, `stroke="${color}" stroke-width="${round(2 * unit)}"`),
    circle(1.5, `fill="${color}"`),
  ].join('');
}

/** The truth: dashed rays, and a square on its point at each landmark. */
function truthMarks(truth: Landmarks, unit: number): string[] {
  const strokes = dashedStrokes(unit);
  const reach = 5.5 * unit;
  return [
    ...line(truth.ps1, truth.ps2, strokes),
    ...line(truth.ps1, truth.fh1, strokes),
    ...LANDMARK_NAMES.map((name) => {
      const { x, y } = truth[name];
      const corners = [x, y - reach, x + reach, y, x, y + reach, x - reach, y].map(round).join(' ');
      return (
        `<polygon points="${corners}" stroke="${SHADE}" stroke-opacity="0.7" stroke-width="${round(3.6 * unit)}"/>` +
        `<polygon points="${corners}" stroke="${COLORS.truth}" stroke-width="${round(1.8 * unit)}"/>`
      );
    }),
  ];
}

/** The stroke that a row of the legend explains. */
function sample({ box, color, dashed }: LegendRow, unit: number): string[] {
  const y = box.y + box.height / 2;
  const from = { x: box.x + PADDING * unit, y };
  const to = { x: box.x + (SAMPLE - PADDING / 2) * unit, y };
  return dashed ? line(from, to, dashedStrokes(unit)) : ray(from, to, color, unit);
}

interface Stroke {
  readonly stroke: string;
  readonly width: number;
  readonly opacity: number;
  readonly dashes?: readonly number[];
}

function dashedStrokes(unit: number): Stroke[] {
  return [
    { stroke: SHADE, width: 3.6 * unit, opacity: 0.45 },
    { stroke: COLORS.truth, width: 1.5 * unit, opacity: 0.95, dashes: [5 * unit, 4 * unit] },
  ];
}

function line(from: Point, to: Point, strokes: readonly Stroke[]): string[] {
  return strokes.map(({ stroke, width, opacity, dashes }) => {
    const dashing = dashes === undefined ? '' : ` stroke-dasharray="${dashes.map(round).join(' ')}"`;
    return (
      `<path d="M${at(from)}L${at(to)}" stroke="${stroke}" stroke-opacity="${opacity}" ` +
      `stroke-width="${round(width)}"${dashing}/>`
    );
  });
}

function panel(box: Box, unit: number): string {
  return (
    `<rect x="${round(box.x)}" y="${round(box.y)}" width="${round(box.width)}" height="${round(box.height)}" ` +
    `rx="${round(4 * unit)}" fill="${SHADE}" fill-opacity="0.68"/>`
  );
}

function text({ text: content, color, box }: Label, indent: number, unit: number): string {
  const size = TEXT_SIZE * unit;
  const baseline = box.y + (box.height + CAP_HEIGHT * size) / 2;
  return `<path d="${textOutline(content, box.x + indent + PADDING * unit, baseline, size)}" fill="${color}"/>`;
}

function onCircle({ x, y }: Point, radius: number, direction: number): Point {
  return { x: x + radius * Math.cos(direction), y: y + radius * Math.sin(direction) };
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
