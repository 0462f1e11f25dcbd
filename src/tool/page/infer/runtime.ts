import type { ModelDescription, Precision } from '../../model-description.js';
import type { Where } from '../annotate/annotation.js';
import { openInPage } from './in-page.js';
import { openOnServer } from './on-server.js';
import type { FramePredictor, RuntimeState } from './runtime-state.js';

/** What a person has chosen; `auto` is the page where it can, the server otherwise. */
export interface RuntimeChoice {
  readonly where: 'auto' | Where;
  readonly precision: Precision;
}

/** Opens the model where it is to run, and says how far that is. */
export class Runtime {
  state: RuntimeState = { phase: 'starting' };
  private readonly listeners = new Set<() => void>();
  private current: Promise<FramePredictor>;

  constructor(
    private readonly model: ModelDescription,
    public choice: RuntimeChoice,
  ) {
    this.current = this.open();
    // Whoever asks for the predictor gets the error; the state tells it as well.
    this.current.catch(() => {});
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Comes when the model is ready. */
  predictor(): Promise<FramePredictor> {
    return this.current;
  }

  /** Opens the model again, elsewhere or with other weights. */
  choose(choice: RuntimeChoice): void {
    this.choice = choice;
    const old = this.current;
    this.current = old
      .then((predictor) => predictor.close())
      .catch(() => {})
      .then(() => this.open());
    this.current.catch(() => {});
  }

  private async open(): Promise<FramePredictor> {
    const { where, precision } = this.choice;
    this.update({ phase: 'starting' });
    try {
      const missing = where === 'server' ? 'chosen' : await missingWebGpu();
      if (missing === undefined || where === 'page') {
        const predictor = await openInPage(this.model, precision, (state) => this.update(state));
        return this.ready(predictor, '');
      }
      return this.ready(openOnServer(), missing === 'chosen' ? '' : missing);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.update({ phase: 'failed', message });
      throw error;
    }
  }

  private ready(predictor: FramePredictor, why: string): FramePredictor {
    const { where, on, software } = predictor;
    this.update({ phase: 'ready', where, on, software, why });
    return predictor;
  }

  private update(state: RuntimeState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** Why this page cannot use a GPU; undefined where it can. */
async function missingWebGpu(): Promise<string | undefined> {
  if (!isSecureContext) return 'WebGPU needs https or localhost';
  if (!navigator.gpu) return 'this browser has no WebGPU';
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return adapter ? undefined : 'WebGPU finds no GPU here';
}
