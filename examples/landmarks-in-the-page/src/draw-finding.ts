import { type FrameResult, LANDMARK_NAMES, type Landmarks, type Point } from 'sonde/model';

const TITLES: Record<keyof Landmarks, string> = {
  ps1: 'Lower end of the symphysis',
  ps2: 'Upper end of the symphysis',
  fh1: 'Tangent point on the fetal head',
};

/** The part that the network saw, rays, arc and landmarks, in an SVG that lies over the frame. */
export function drawMarks(svg: SVGSVGElement, { landmarks, seen, width, height }: FrameResult): void {
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  // Marks keep their size on the screen, however many pixels the frame has.
  svg.style.setProperty('--unit', `${Math.max(width, height) / 640}px`);
  // SVG counts from the corner of the first pixel, landmarks from its centre.
  const at = ({ x, y }: Point): Point => ({ x: x + 0.5, y: y + 0.5 });
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name) => at(landmarks[name]));
  const { x, y } = seen;
  svg.replaceChildren(
    element('rect', { class: 'seen', x: `${x}`, y: `${y}`, width: `${seen.width}`, height: `${seen.height}` }),
    element('path', { class: 'ray', d: `M${ps2.x} ${ps2.y}L${ps1.x} ${ps1.y}L${fh1.x} ${fh1.y}` }),
    element('path', { class: 'arc', d: arc(ps1, ps2, fh1) }),
    ...[ps1, ps2, fh1].map(({ x, y }, i) =>
      element('circle', { class: `point ${LANDMARK_NAMES[i]}`, cx: `${x}`, cy: `${y}` }),
    ),
  );
}

/** The landmarks as text, for those who read rather than look. */
export function listPoints(list: HTMLElement, { landmarks }: FrameResult): void {
  list.replaceChildren(
    ...LANDMARK_NAMES.flatMap((name) => {
      const term = document.createElement('dt');
      term.className = name;
      term.textContent = name.toUpperCase();
      term.title = TITLES[name];
      const value = document.createElement('dd');
      value.textContent = `${landmarks[name].x.toFixed(2)}, ${landmarks[name].y.toFixed(2)}`;
      return [term, value];
    }),
  );
}

/** Why a person should look, and what else must be known. */
export function listRemarks(list: HTMLElement, { doubts, warnings, aopMissing }: FrameResult): void {
  const sentences = [...(aopMissing === null ? [] : [aopMissing]), ...doubts, ...warnings];
  list.replaceChildren(
    ...sentences.map((sentence) => {
      const item = document.createElement('li');
      item.textContent = sentence;
      return item;
    }),
  );
}

function arc(vertex: Point, from: Point, to: Point): string {
  const length = ({ x, y }: Point) => Math.hypot(x - vertex.x, y - vertex.y);
  const radius = 0.35 * Math.min(length(from), length(to));
  if (radius === 0) return '';
  const on = (point: Point) => {
    const share = radius / length(point);
    return `${vertex.x + share * (point.x - vertex.x)} ${vertex.y + share * (point.y - vertex.y)}`;
  };
  const turn = (from.x - vertex.x) * (to.y - vertex.y) - (from.y - vertex.y) * (to.x - vertex.x);
  return `M${on(from)}A${radius} ${radius} 0 0 ${turn > 0 ? 1 : 0} ${on(to)}`;
}

function element(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
