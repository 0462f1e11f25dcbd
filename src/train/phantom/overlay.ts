import type { Point } from '../../model/landmarks.js';
import { Canvas, textWidth } from './canvas.js';
import { type Geometry, REFERENCE_SIZE, toPixels } from './geometry.js';
import type { Profile } from './profiles.js';
import type { Stream } from './random.js';

/**
 * Nothing is drawn closer than this to a landmark, in pixels of a 512-pixel frame: an overlay must not give it away.
 */
export const KEEP_CLEAR = 16;

/** Draws what machines write over a frame: depth ruler, orientation mark, focus, grey bar, settings, stray calipers. */
export function drawOverlay(
  stream: Stream,
  pixels: Uint8Array,
  size: number,
  geometry: Geometry,
  profile: Profile,
): void {
  const canvas = new Canvas(pixels, size);
  const { ruler, mark, greyBar, text, textHeight, ink } = profile.overlay;
  const landmarks = Object.values(geometry.landmarks).map((point) =>
    toPixels(point, geometry.millimetresPerPixel, REFERENCE_SIZE),
  );
  const taken: [left: number, top: number, right: number, bottom: number][] = [];
  const isClear = (left: number, top: number, right: number, bottom: number) =>
    taken.every(([l, t, r, b]) => right < l || left > r || bottom < t || top > b) &&
    landmarks.every(({ x, y }) => {
      const dx = Math.max(left - 0.5 - x, x - right + 0.5, 0);
      const dy = Math.max(top - 0.5 - y, y - bottom + 0.5, 0);
      return Math.hypot(dx, dy) > KEEP_CLEAR;
    });
  const box = (left: number, top: number, right: number, bottom: number, grey: number) => {
    if (isClear(left, top, right, bottom)) canvas.rectangle(left, top, right, bottom, grey);
  };
  const write = (line: string, x: number, y: number) => {
    const right = x + textWidth(line, textHeight);
    const bottom = y + textHeight;
    if (!isClear(x, y, right, bottom)) return;
    canvas.text(line, x, y, textHeight, ink);
    taken.push([x, y, right, bottom]);
  };

  if (ruler !== 'none') drawRuler(stream, geometry, ruler === 'left' ? 6 : REFERENCE_SIZE - 6, ink, box);
  if (greyBar !== 'none') {
    const left = greyBar === 'left' ? 20 : REFERENCE_SIZE - 32;
    const top = stream.uniform(84, 100);
    for (let row = 0; row < 70; row++) box(left, top + row, left + 9, top + row + 1, 255 * (1 - row / 69));
  }
  const lines = settings(stream, geometry, profile);
  const step = textHeight * 1.5;
  if (text === 'corner') {
    for (const [i, line] of lines.slice(0, 4).entries()) write(line, 20, 8 + i * step);
    write(lines[4], REFERENCE_SIZE - 20 - textWidth(lines[4], textHeight), 8);
  } else if (text === 'column') {
    const widest = Math.max(...lines.map((line) => textWidth(line, textHeight)));
    for (const [i, line] of lines.entries()) write(line, REFERENCE_SIZE - 20 - widest, 10 + i * step);
  } else {
    write(lines.slice(0, 4).join('  '), 20, REFERENCE_SIZE - 6 - textHeight);
  }
  const side = stream.chance(0.85) ? -1 : 1;
  const markAt = orientationMark(geometry, side);
  if (isClear(markAt.x - 7, markAt.y - 7, markAt.x + 7, markAt.y + 7)) {
    if (mark === 'dot') canvas.disc(markAt.x, markAt.y, 4, ink);
    else if (mark === 'bar') canvas.rectangle(markAt.x - 1.2, markAt.y - 6, markAt.x + 1.2, markAt.y + 6, ink);
    else canvas.text(stream.pick(['V', 'P', 'L']), markAt.x - 5, markAt.y - 7, 13, ink);
  }
  if (stream.chance(0.12)) {
    for (let i = 0; i < 2; i++) {
      const x = stream.uniform(120, 400);
      const y = stream.uniform(60, 440);
      if (!isClear(x - 6, y - 6, x + 6, y + 6)) continue;
      canvas.rectangle(x - 5, y - 0.6, x + 5, y + 0.6, ink);
      canvas.rectangle(x - 0.6, y - 5, x + 0.6, y + 5, ink);
    }
  }
}

type Box = (left: number, top: number, right: number, bottom: number, grey: number) => void;

/** A tick each centimetre of depth, a long one each five, and the focus beside it. */
function drawRuler(stream: Stream, { sector, millimetresPerPixel }: Geometry, x: number, ink: number, box: Box): void {
  const surface = (sector.apex.y + sector.near) / millimetresPerPixel;
  const inwards = x < REFERENCE_SIZE / 2 ? 1 : -1;
  for (let centimetre = 0; ; centimetre++) {
    const y = surface + (centimetre * 10) / millimetresPerPixel;
    if (y > REFERENCE_SIZE - 3) break;
    const end = x + inwards * (centimetre % 5 === 0 ? 8 : 4);
    box(Math.min(x, end), y - 0.6, Math.max(x, end), y + 0.6, ink);
  }
  const focus = surface + stream.uniform(45, 80) / millimetresPerPixel;
  for (let column = 0; column < 6; column++) {
    const left = x + inwards * (11 + column);
    box(left, focus - 0.7 * column, left + 1, focus + 0.7 * column, ink);
  }
}

/** Place next to the probe's surface, where a sector leaves the corners of the frame free. */
function orientationMark({ sector, millimetresPerPixel }: Geometry, side: -1 | 1): Point {
  const radius = sector.near + 4;
  const angle = side * (sector.halfAngle + 0.16);
  const x = (sector.apex.x + radius * Math.sin(angle)) / millimetresPerPixel;
  const y = (sector.apex.y + radius * Math.cos(angle)) / millimetresPerPixel;
  return { x: Math.max(12, Math.min(REFERENCE_SIZE - 12, x)), y: Math.max(12, y) };
}

/** Made-up settings in the words of machines; nothing that could stand for a person or a place. */
function settings(stream: Stream, { sector }: Geometry, profile: Profile): string[] {
  return [
    `FR ${14 + stream.below(30)}HZ`,
    `${((sector.far - sector.near) / 10).toFixed(1)}CM`,
    `${profile.frequency.toFixed(1)}MHZ`,
    `GN ${40 + stream.below(45)}`,
    `MI ${stream.uniform(0.7, 1.3).toFixed(1)} TIS ${stream.uniform(0.1, 0.6).toFixed(1)}`,
    `DR ${profile.dynamicRange}`,
    `${20 + 5 * stream.below(17)}%`,
  ];
}
