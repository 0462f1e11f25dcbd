import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Frame } from '../../../images/frame.js';
import type { Region } from '../../../model/fit-frame.js';
import type { Landmarks, Point } from '../../../model/landmarks.js';
import { type Annotation, isCorrected, landmarksOf } from '../annotate/annotation.js';
import { drawFrame } from './draw-frame.js';
import { scaleBarLength } from './format.js';
import { drawHeatmaps } from './heatmap.js';
import { Loupe } from './loupe.js';
import { Marks } from './marks.js';

interface StageProps {
  readonly frame: Frame;
  readonly annotation: Annotation | undefined;
  /** Strength of the heatmaps, 0 to 1. */
  readonly heat: number;
  readonly marks: boolean;
  onMove(name: keyof Landmarks, to: Point, step: 'new' | 'same'): void;
  onSettled(): void;
}

/** The frame, scaled to the available space, with its overlays. */
export function Stage({ frame, annotation, heat, marks, onMove, onSettled }: StageProps) {
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [held, setHeld] = useState<keyof Landmarks>();
  useLayoutEffect(() => {
    const element = room.current;
    if (!element) return undefined;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (canvas.current) drawFrame(frame, canvas.current);
  }, [frame]);

  /** Pixels of the screen for one of the frame. */
  const scale = Math.max(0.01, Math.min(size.width / frame.width, size.height / frame.height));
  const { width, height } = frame;
  const style = { width: `${width * scale}px`, height: `${height * scale}px` };
  const landmarks = annotation && landmarksOf(annotation);
  return (
    <div class="stage" ref={room}>
      <div class="picture" style={style}>
        <canvas ref={canvas} class={scale >= 3 ? 'frame sharp' : 'frame'} />
        {annotation?.prediction.heatmaps && heat > 0 && <Heat annotation={annotation} scale={scale} strength={heat} />}
        {annotation && <Unseen seen={annotation.prediction.seen} width={width} height={height} scale={scale} />}
        {annotation && landmarks && marks && (
          <Marks
            landmarks={landmarks}
            prediction={isCorrected(annotation) ? annotation.prediction.landmarks : undefined}
            width={width}
            height={height}
            scale={scale}
            onHold={setHeld}
            onMove={onMove}
            onSettled={onSettled}
          />
        )}
        {frame.spacing && <ScaleBar millimetres={frame.spacing.x} width={width} scale={scale} />}
        {held && landmarks && canvas.current && (
          <Loupe source={canvas.current} at={landmarks[held]} name={held} right={landmarks[held].x < width / 2} />
        )}
      </div>
    </div>
  );
}

/** Darkens what the network did not see, with a border around what it saw; nothing if it saw the whole frame. */
function Unseen({ seen, width, height, scale }: { seen: Region; width: number; height: number; scale: number }) {
  const whole = seen.width >= width - 0.5 && seen.height >= height - 0.5;
  if (whole) return null;
  const { x, y } = seen;
  const inner = `M${x} ${y}h${seen.width}v${seen.height}h${-seen.width}Z`;
  return (
    <svg class="unseen" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path class="outside" d={`M0 0H${width}V${height}H0Z${inner}`} />
      <path class="border" d={inner} stroke-width={1.5 / scale} stroke-dasharray={`${4 / scale} ${5 / scale}`} />
    </svg>
  );
}

function Heat({ annotation, scale, strength }: { annotation: Annotation; scale: number; strength: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { heatmaps } = annotation.prediction;
  useEffect(() => {
    if (canvas.current && heatmaps) drawHeatmaps(heatmaps, canvas.current);
  }, [heatmaps]);
  if (!heatmaps) return null;
  const { x, y, width, height } = heatmaps.box;
  const style = {
    left: `${x * scale}px`,
    top: `${y * scale}px`,
    width: `${width * scale}px`,
    height: `${height * scale}px`,
    opacity: strength,
  };
  return (
    <div class="heat">
      <canvas ref={canvas} style={style} />
    </div>
  );
}

/** A round length of at most a quarter of the picture's width. */
function ScaleBar({ millimetres, width, scale }: { millimetres: number; width: number; scale: number }) {
  const length = scaleBarLength((width * millimetres) / 4);
  return (
    <div class="scale-bar" style={{ width: `${(length / millimetres) * scale}px` }}>
      {length} mm
    </div>
  );
}
