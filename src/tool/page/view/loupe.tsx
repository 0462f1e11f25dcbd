import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Landmarks, Point } from '../../../model/landmarks.js';
import { COLORS } from '../../../train/overlay/marks.js';

/** Side of the loupe, pixels of a fine screen, and of the frame. */
const SIDE = 240;
const SHOWN = 40;

/** Magnified view of the area under a landmark that is being moved, which a finger would hide. */
export function Loupe(props: { source: HTMLCanvasElement; at: Point; name: keyof Landmarks; right: boolean }) {
  const { source, at, name, right } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.fillStyle = '#000';
    context.fillRect(0, 0, SIDE, SIDE);
    const corner = { x: at.x + 0.5 - SHOWN / 2, y: at.y + 0.5 - SHOWN / 2 };
    context.drawImage(source, corner.x, corner.y, SHOWN, SHOWN, 0, 0, SIDE, SIDE);
    context.strokeStyle = COLORS[name];
    context.lineWidth = 2;
    const [middle, gap, reach] = [SIDE / 2, 14, 60];
    context.beginPath();
    for (const [x, y] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      context.moveTo(middle + gap * x, middle + gap * y);
      context.lineTo(middle + reach * x, middle + reach * y);
    }
    context.stroke();
  });
  const side = right ? 'loupe right' : 'loupe left';
  return <canvas ref={canvas} class={side} width={SIDE} height={SIDE} />;
}
