import { DeviceError, LimitError, ShaderError, type SondeError } from '../../../engine/errors.js';
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
      if (where === 'page') return this.ready(await this.openInPage(precision), '');
      const unable = missing ?? (await this.tryInPage(precision));
      if (typeof unable !== 'string') return this.ready(unable, '');
      return this.ready(openOnServer(), unable === 'chosen' ? '' : unable);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.update({ phase: 'failed', message });
      throw error;
    }
  }

  private openInPage(precision: Precision): Promise<FramePredictor> {
    return openInPage(this.model, precision, (state) => this.update(state));
  }

  /** The model in the page, or why the page's GPU cannot run it. */
  private async tryInPage(precision: Precision): Promise<FramePredictor | string> {
    try {
      return await this.openInPage(precision);
    } catch (error) {
      if (!isOfDevice(error)) throw error;
      return `the GPU here cannot run the model (${error.message.replace(/\.$/, '')})`;
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

/** Whether it is the page's GPU that stands in the way, and not the weights or the network. */
function isOfDevice(error: unknown): error is SondeError {
  return error instanceof DeviceError || error instanceof LimitError || error instanceof ShaderError;
}

/** Why this page cannot use a GPU; undefined where it can. */
async function missingWebGpu(): Promise<string | undefined> {
  if (!isSecureContext) return 'WebGPU needs https or localhost';
  if (!navigator.gpu) return 'this browser has no WebGPU';
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return adapter ? undefined : 'WebGPU finds no GPU here';
}
