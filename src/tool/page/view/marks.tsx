import { useRef } from 'preact/hooks';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../../../model/landmarks.js';
import { arcRadius, COLORS, directionOf } from '../../../train/overlay/marks.js';
import { distance } from '../annotate/annotation.js';
import { LANDMARK_TITLES } from './landmark-titles.js';

interface MarksProps {
  readonly landmarks: Landmarks;
  /** The predicted landmarks, if they have been moved. */
  readonly prediction: Landmarks | undefined;
  /** Size of the frame, pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the screen for one of the frame. */
  readonly scale: number;
  onHold(name: keyof Landmarks | undefined): void;
  onMove(name: keyof Landmarks, to: Point, step: 'new' | 'same'): void;
  onSettled(): void;
}

/** Pixels of the frame that an arrow key moves a landmark by. */
const STEPS = { plain: 1, shift: 10, alt: 0.1 } as const;

const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** Rays, arc and landmarks over the frame. Landmarks are moved by mouse, finger, pen or arrow keys. */
export function Marks(props: MarksProps) {
  const { landmarks, prediction, width, height, scale, onHold, onMove, onSettled } = props;
  const drawing = useRef<SVGSVGElement>(null);
  /** State of a drag: offset from the pointer to the landmark, and whether it has moved. */
  const drag = useRef<{ name: keyof Landmarks; offset: Point; moved: boolean } | undefined>(undefined);

  const toFrame = (event: PointerEvent): Point => {
    const box = drawing.current?.getBoundingClientRect();
    return { x: (event.clientX - (box?.left ?? 0)) / scale - 0.5, y: (event.clientY - (box?.top ?? 0)) / scale - 0.5 };
  };
  const take = (event: PointerEvent) => {
    if (event.button !== 0 || !(event.target instanceof Element) || !event.target.closest('.handle')) return;
    event.preventDefault();
    // Landmarks may be closer together than a finger is wide: the nearest is meant.
    const pointer = toFrame(event);
    const name = LANDMARK_NAMES.reduce((nearest, other) =>
      distance(landmarks[other], pointer) < distance(landmarks[nearest], pointer) ? other : nearest,
    );
    const handle = drawing.current?.querySelector<SVGGElement>(`[data-landmark=${name}]`);
    handle?.setPointerCapture(event.pointerId);
    handle?.focus();
    const offset = { x: landmarks[name].x - pointer.x, y: landmarks[name].y - pointer.y };
    drag.current = { name, offset, moved: false };
    onHold(name);
  };
  const move = (event: PointerEvent) => {
    if (!drag.current) return;
    const pointer = toFrame(event);
    const { name, offset, moved } = drag.current;
    onMove(name, { x: pointer.x + offset.x, y: pointer.y + offset.y }, moved ? 'same' : 'new');
    drag.current.moved = true;
  };
  const drop = () => {
    if (drag.current?.moved) onSettled();
    drag.current = undefined;
    onHold(undefined);
  };

  // Whole pixels are at the centres of the frame's pixels, and SVG counts from the corner.
  const drawn = shifted(landmarks);
  const before = prediction && shifted(prediction);
  const unit = 1 / scale;
  return (
    <svg
      ref={drawing}
      class="marks"
      viewBox={`0 0 ${width} ${height}`}
      onPointerDown={take}
      onPointerMove={move}
      onPointerUp={drop}
      onPointerCancel={drop}
    >
      <title>Landmarks</title>
      {before && <Before landmarks={before} unit={unit} />}
      <Ray from={drawn.ps1} to={drawn.ps2} color={COLORS.ps2} unit={unit} />
      <Ray from={drawn.ps1} to={drawn.fh1} color={COLORS.fh1} unit={unit} />
      <Arc landmarks={drawn} unit={unit} />
      {LANDMARK_NAMES.map((name) => (
        <Handle key={name} name={name} at={drawn[name]} {...props} />
      ))}
    </svg>
  );
}

function Handle({ name, at, landmarks, scale, onHold, onMove, onSettled }: MarksProps & HandlePlace) {
  const own = landmarks[name];
  const press = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? STEPS.shift : event.altKey ? STEPS.alt : STEPS.plain;
    onHold(name);
    // A key that is held down makes one step to undo.
    onMove(name, { x: own.x + step * arrow.x, y: own.y + step * arrow.y }, event.repeat ? 'same' : 'new');
  };
  const release = (event: KeyboardEvent) => {
    if (ARROWS[event.key]) onSettled();
  };
  const label = `${name.toUpperCase()}, ${LANDMARK_TITLES[name]}: x ${own.x.toFixed(1)}, y ${own.y.toFixed(1)} pixels. Arrow keys move it.`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button of HTML cannot stand in a drawing.
    <g
      class="handle"
      data-landmark={name}
      role="button"
      aria-roledescription="movable point"
      aria-label={label}
      tabIndex={0}
      transform={`translate(${at.x} ${at.y}) scale(${1 / scale})`}
      onKeyDown={press}
      onKeyUp={release}
      onBlur={() => onHold(undefined)}
    >
      <circle class="reach" r="24" />
      <circle class="focus" r="14" />
      <circle class="rim" r="8" />
      <circle class="ring" r="8" stroke={COLORS[name]} />
      <circle class="dot" r="1.5" fill={COLORS[name]} />
      <text class="name" x="13" y="-10" fill={COLORS[name]}>
        {name.toUpperCase()}
      </text>
    </g>
  );
}

interface HandlePlace {
  readonly name: keyof Landmarks;
  readonly at: Point;
}

function Ray({ from, to, color, unit }: { from: Point; to: Point; color: string; unit: number }) {
  const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  return (
    <>
      <line class="shade" {...ends} stroke-width={4 * unit} />
      <line {...ends} stroke={color} stroke-width={1.8 * unit} />
    </>
  );
}

function Arc({ landmarks: { ps1, ps2, fh1 }, unit }: { landmarks: Landmarks; unit: number }) {
  const radius = arcRadius({ ps1, ps2, fh1 }, unit);
  const [start, end] = [directionOf(ps1, ps2), directionOf(ps1, fh1)].map((direction) => ({
    x: ps1.x + radius * Math.cos(direction),
    y: ps1.y + radius * Math.sin(direction),
  }));
  const clockwise = (ps2.x - ps1.x) * (fh1.y - ps1.y) - (ps2.y - ps1.y) * (fh1.x - ps1.x) > 0;
  const arc = `M${start.x} ${start.y}A${radius} ${radius} 0 0 ${clockwise ? 1 : 0} ${end.x} ${end.y}`;
  return (
    <>
      <path class="sector" d={`${arc}L${ps1.x} ${ps1.y}Z`} />
      <path class="arc" d={arc} stroke-width={1.6 * unit} />
    </>
  );
}

/** The prediction, shown if landmarks have been moved. */
function Before({ landmarks: { ps1, ps2, fh1 }, unit }: { landmarks: Landmarks; unit: number }) {
  const dashes = `${5 * unit} ${4 * unit}`;
  const path = `M${ps2.x} ${ps2.y}L${ps1.x} ${ps1.y}L${fh1.x} ${fh1.y}`;
  return <path class="before" d={path} stroke-width={1.5 * unit} stroke-dasharray={dashes} />;
}

function shifted({ ps1, ps2, fh1 }: Landmarks): Landmarks {
  const shift = ({ x, y }: Point) => ({ x: x + 0.5, y: y + 0.5 });
  return { ps1: shift(ps1), ps2: shift(ps2), fh1: shift(fh1) };
}
