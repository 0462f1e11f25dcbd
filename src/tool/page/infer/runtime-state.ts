import type { AnsweredFrame, Fit, FrameResult } from '../../../model/index.js';
import type { Where } from '../annotate/annotation.js';

/** Predictor of frames. */
export interface FramePredictor {
  readonly where: Where;
  /** Name of the adapter, or host of the server. */
  readonly on: string;
  /** Whether the adapter is a software adapter. */
  readonly software: boolean;
  /** @param frame With the region and the spacing that its file gives. */
  predict(frame: AnsweredFrame, fit: Fit): Promise<FrameResult>;
  close(): void;
}

/** State of opening a predictor. */
export type RuntimeState =
  | { readonly phase: 'starting' }
  | { readonly phase: 'fetching'; readonly received: number; readonly total: number; readonly cached: boolean }
  | { readonly phase: 'compiling'; readonly done: number; readonly total: number }
  | {
      readonly phase: 'ready';
      readonly where: Where;
      readonly on: string;
      readonly software: boolean;
      readonly why: string;
    }
  | { readonly phase: 'failed'; readonly message: string };

/** State of a ready predictor. @param why Why it is not in the page; empty if it is, or if the user chose the server */
export function readyState({ where, on, software }: FramePredictor, why = ''): RuntimeState {
  return { phase: 'ready', where, on, software, why };
}
