import { WeightsError } from '../../../model/safetensors.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import type { Where } from '../annotate/annotation.js';
import { attend } from './attend.js';
import { openInPage } from './in-page.js';
import { openOnServer } from './on-server.js';
import { type FramePredictor, type RuntimeState, readyState } from './runtime-state.js';

/** The user's choice; `auto` means in the page if possible, otherwise on the server. */
export interface RuntimeChoice {
  readonly where: 'auto' | Where;
  readonly precision: Precision;
}

/**
 * Opens the model in the page or on the server, and reports progress. If it fails in the page, the server takes over.
 */
export class Runtime {
  state: RuntimeState = { phase: 'starting' };
  private readonly listeners = new Set<() => void>();
  /** Aborted when the model is reopened. */
  private attempt = new AbortController();
  private current: Promise<FramePredictor>;

  constructor(
    private readonly model: ModelDescription,
    public choice: RuntimeChoice,
  ) {
    this.current = this.open(this.attempt.signal);
    // Whoever asks for the predictor gets the error; the state tells it as well.
    this.current.catch(() => {});
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Predictor, resolved when the model is ready. */
  predictor(): Promise<FramePredictor> {
    return this.current;
  }

  /** Reopens the model in another place or with other weights. An opening in progress is cancelled. */
  choose(choice: RuntimeChoice): void {
    this.choice = choice;
    const old = this.current.then((predictor) => predictor.close()).catch(() => {});
    const signal = this.begin();
    this.current = old.then(() => this.open(signal));
    this.current.catch(() => {});
  }

  /** Cancels the previous attempt, which then no longer updates the state. */
  private begin(): AbortSignal {
    this.attempt.abort(new DOMException('The model was reopened in the meantime; try again.', 'AbortError'));
    this.attempt = new AbortController();
    return this.attempt.signal;
  }

  private async open(signal: AbortSignal): Promise<FramePredictor> {
    const { where, precision } = this.choice;
    const onState = (state: RuntimeState) => {
      if (!signal.aborted) this.update(state);
    };
    onState({ phase: 'starting' });
    try {
      if (where === 'server') return this.toServer('');
      const missing = where === 'auto' ? await missingWebGpu(signal) : undefined;
      if (missing) return this.toServer(missing);
      return this.watched(await openInPage(this.model, { precision, signal, onState }), signal);
    } catch (error) {
      if (!signal.aborted) return this.giveUp(error);
      throw error;
    }
  }

  /** A predictor in the page that is replaced by the server's as soon as it fails. */
  private watched(inPage: FramePredictor, signal: AbortSignal): FramePredictor {
    return {
      ...inPage,
      predict: (frame, fit) =>
        inPage.predict(frame, fit).catch((error) => {
          if (!signal.aborted) {
            inPage.close();
            this.current = new Promise((resolve) => resolve(this.giveUp(error)));
            this.current.catch(() => {});
          }
          throw error;
        }),
    };
  }

  /**
   * Falls back to the server. If the user chose the page, or if the page's GPU is not the cause, reports the error and
   * throws it instead.
   */
  private giveUp(error: unknown): FramePredictor {
    this.begin();
    const reason = reasonOf(error);
    console.warn('The model cannot run in this page.', error);
    // Weights that cannot be had or are not right are no fault of the GPU's.
    if (this.choice.where === 'auto' && !(error instanceof WeightsError)) {
      return this.toServer(`the GPU of this device cannot run the model (${reason.replace(/\.$/, '')})`);
    }
    const message =
      error instanceof WeightsError
        ? reason
        : `The model cannot run in this page: ${reason} Choose the server in Settings, or reload the page to try again.`;
    this.update({ phase: 'failed', message });
    throw error;
  }

  private toServer(why: string): FramePredictor {
    const predictor = openOnServer();
    this.update(readyState(predictor, why));
    return predictor;
  }

  private update(state: RuntimeState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** First line of an error message: the rest of a driver's message is an excerpt of the kernel. */
function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : /[.!?]$/.test(line) ? line : `${line}.`;
}

const MOST_CHARACTERS = 200;

/** Reason why this page cannot use a GPU; undefined if it can. */
async function missingWebGpu(signal: AbortSignal): Promise<string | undefined> {
  if (!isSecureContext) return 'WebGPU requires HTTPS or localhost';
  if (!navigator.gpu) return 'this browser does not support WebGPU';
  const adapter = await attend(() => navigator.gpu.requestAdapter().catch(() => null), {
    signal,
    stalled: (seconds) => `the browser did not respond to a request for a GPU within ${seconds} s`,
    tooLate: () => {},
  });
  return adapter ? undefined : 'WebGPU found no GPU';
}
