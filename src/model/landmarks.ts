/** Pixel coordinates: x right, y down, whole numbers at pixel centres. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The three anatomical landmarks of one frame. A flip of the frame moves them and never swaps them. */
export interface Landmarks {
  /** Inferior end of the pubic symphysis: the vertex of the angle. */
  readonly ps1: Point;
  /** Superior end of the pubic symphysis. */
  readonly ps2: Point;
  /** Point where the ray from PS1 touches the fetal skull. */
  readonly fh1: Point;
}

/** Order of the landmarks wherever they are numbered: heatmap channels, coordinate rows, columns of a report. */
export const LANDMARK_NAMES = ['ps1', 'ps2', 'fh1'] as const satisfies readonly (keyof Landmarks)[];

/**
 * Angle of progression in degrees, 0 to 180: between PS1→PS2 and PS1→FH1, unsigned, as atan2(|a×b|, a·b), which unlike
 * the arc cosine is accurate near 0° and 180°. Invariant under translation, rotation, flips and uniform scale, not
 * under a stretch of one axis.
 *
 * @returns undefined where a ray has no length (or a coordinate is not finite): there is no angle then
 */
export function angleOfProgression({ ps1, ps2, fh1 }: Landmarks): number | undefined {
  const ax = ps2.x - ps1.x;
  const ay = ps2.y - ps1.y;
  const bx = fh1.x - ps1.x;
  const by = fh1.y - ps1.y;
  if ((ax === 0 && ay === 0) || (bx === 0 && by === 0)) return undefined;
  const degrees = (Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by) * 180) / Math.PI;
  return Number.isNaN(degrees) ? undefined : degrees;
}
