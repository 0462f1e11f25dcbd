import { FrameError } from '../predictor.js';

/** Frames of a file: all, the first, or ranges from 1 on, both ends included. */
export type FrameSelection = 'all' | 'first' | readonly { readonly from: number; readonly to: number }[];

const RANGE = /^(\d{1,7})(?:-(\d{1,7}))?$/;

/** Reads `all`, `first`, or numbers and ranges as in `1,5-9`. @throws FrameError for anything else */
export function parseFrames(text: string): FrameSelection {
  const trimmed = text.trim();
  if (trimmed === 'all' || trimmed === 'first') return trimmed;
  return trimmed.split(',').map((part) => {
    const [, first, last = first] = RANGE.exec(part.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (from >= 1 && to >= from) return { from, to };
    throw new FrameError(
      `frames “${text}”: “${part}” is not a frame; give all, first, or numbers from 1 and ranges as in 1,5-9.`,
    );
  });
}

/**
 * The chosen frames of a file, from 0, in ascending order and each once.
 *
 * @param name Of the file, for the sentence.
 * @throws FrameError where the file has fewer
 */
export function selectFrames(selection: FrameSelection, frameCount: number, name: string): number[] {
  if (selection === 'first') return [0];
  if (selection === 'all') return Array.from({ length: frameCount }, (_, index) => index);
  const beyond = selection.find(({ to }) => to > frameCount);
  if (beyond) {
    throw new FrameError(
      `${name}: there is no frame ${beyond.to}, the file has ${frameCount}; choose frames from 1 to ${frameCount}.`,
    );
  }
  const chosen = new Set<number>();
  for (const { from, to } of selection) for (let frame = from; frame <= to; frame++) chosen.add(frame - 1);
  return [...chosen].sort((a, b) => a - b);
}
