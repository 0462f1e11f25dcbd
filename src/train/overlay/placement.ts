import type { Point } from '../../model/landmarks.js';

/** An upright rectangle. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacementRequest {
  readonly width: number;
  readonly height: number;
  /** What the label belongs to. */
  readonly anchor: Point;
  /** Distance between anchor and label. */
  readonly gap: number;
  /** Preferred direction, radians clockwise from the right. */
  readonly direction: number;
}

const DIRECTIONS = 16;

/**
 * A place for a label around its anchor: inside the frame, over as little as possible of what is already there, and
 * among equals nearest to the preferred direction.
 */
export function placeLabel(request: PlacementRequest, frame: Box, taken: readonly Box[]): Box {
  const { width, height, anchor, gap, direction } = request;
  const candidates = Array.from({ length: DIRECTIONS }, (_, turn) => {
    // 0, +1, −1, +2, −2, … steps away from the preferred direction.
    const steps = turn % 2 === 0 ? -turn / 2 : (turn + 1) / 2;
    const angle = direction + (2 * Math.PI * steps) / DIRECTIONS;
    const along = { x: Math.cos(angle), y: Math.sin(angle) };
    const box = within(frame, {
      x: anchor.x + along.x * gap + ((along.x - 1) * width) / 2,
      y: anchor.y + along.y * gap + ((along.y - 1) * height) / 2,
      width,
      height,
    });
    // Turning away by a half circle is worth a tenth of the label's area.
    const reluctance = (0.1 * width * height * Math.abs(steps)) / (DIRECTIONS / 2);
    return { box, cost: reluctance + taken.reduce((sum, other) => sum + overlap(box, other), 0) };
  });
  return candidates.reduce((best, candidate) => (candidate.cost < best.cost ? candidate : best)).box;
}

/** Small boxes along a line, for labels to keep clear of it. */
export function boxesAlong(from: Point, to: Point, size: number): Box[] {
  const count = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / size));
  return Array.from({ length: count + 1 }, (_, index) => {
    const part = index / count;
    return boxAround({ x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) }, size / 2);
  });
}

export function boxAround({ x, y }: Point, radius: number): Box {
  return { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius };
}

/** The smallest box around some. */
export function enclosing(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** Area that two boxes share. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(width, 0) * Math.max(height, 0);
}

/** The box moved into the frame; at its start where it is larger than the frame. */
function within(frame: Box, box: Box): Box {
  const clamp = (start: number, extent: number, frameStart: number, frameExtent: number) =>
    Math.max(frameStart, Math.min(start, frameStart + frameExtent - extent));
  return {
    ...box,
    x: clamp(box.x, box.width, frame.x, frame.width),
    y: clamp(box.y, box.height, frame.y, frame.height),
  };
}
