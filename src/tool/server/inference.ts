import type { Device } from '../../index.js';
import { type FramePrediction, type LoadedPredictor, loadPredictor, PredictionError } from '../../model/index.js';
import type { TrainedRun } from '../../train/predict/index.js';
import { deviceLost, noPrediction, stopping } from './problem.js';

export interface InferenceOptions {
  readonly run: TrainedRun;
  readonly openDevice: () => Promise<Device>;
  /** Maximum number of frames per batch. */
  readonly batchSize: number;
  /** Receives log lines. */
  readonly log: (line: string) => void;
}

/** A prediction with its timings. */
export interface Inference {
  readonly prediction: FramePrediction;
  /** Milliseconds until its batch began. */
  readonly waited: number;
  /** Milliseconds that its batch took. */
  readonly took: number;
  /** Number of frames in its batch. */
  readonly batch: number;
}

interface Engine {
  readonly device: Device;
  readonly loaded: LoadedPredictor;
}

interface Waiting {
  readonly pixels: Float32Array;
  readonly heatmaps: boolean;
  readonly since: number;
  resolve(inference: Inference): void;
  reject(reason: unknown): void;
}

/** Milliseconds between attempts to reopen the device. */
const RETRY = [0, 500, 2000, 5000];

/**
 * A model on a device, which predicts the frames that are waiting in one submit. A device that is lost takes the frames
 * of its batch with it; those that wait stay, while another one is opened.
 */
export class InferenceService {
  private readonly queue: Waiting[] = [];
  private engine: Promise<Engine>;
  private current: Engine | undefined;
  private running = false;
  private closed = false;

  private constructor(private readonly options: InferenceOptions) {
    this.engine = this.open();
  }

  /** Opens the device and runs the network once at every batch size, so that no request has to wait for compilation. */
  static async start(options: InferenceOptions): Promise<InferenceService> {
    const service = new InferenceService(options);
    await service.engine;
    return service;
  }

  /** Whether a device is open. */
  get ready(): boolean {
    return this.current !== undefined;
  }

  /** Number of waiting frames. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Description of the device; undefined if there is none. */
  get adapter(): string | undefined {
    return this.current?.device.info.description;
  }

  /**
   * @param pixels Luminance in [0, 1], of the network's size.
   * @param options.signal Takes the frame out of the queue, by throwing its reason.
   * @throws Problem `device-lost` where the device was lost under the frame, `no-prediction` where the network answers
   *   with NaN, `stopping` once the service is closed
   */
  predict(
    pixels: Float32Array,
    { heatmaps, signal }: { readonly heatmaps: boolean; readonly signal: AbortSignal },
  ): Promise<Inference> {
    if (this.closed) return Promise.reject(stopping());
    signal.throwIfAborted();
    let leave = () => {};
    const answer = new Promise<Inference>((resolve, reject) => {
      const waiting: Waiting = { pixels, heatmaps, since: performance.now(), resolve, reject };
      leave = () => {
        const at = this.queue.indexOf(waiting);
        if (at >= 0) this.queue.splice(at, 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave);
      this.queue.push(waiting);
      void this.work();
    });
    return answer.finally(() => signal.removeEventListener('abort', leave));
  }

  /** Stops the service; waiting frames are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.queue.splice(0)) reject(stopping());
    const engine = await this.engine.catch(() => undefined);
    this.current = undefined;
    if (engine) release(engine);
  }

  private async work(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (this.queue.length > 0) {
        const engine = await this.engine;
        // Requests that arrived together are decoded one after the other; a turn of the loop brings more of them here.
        await new Promise(setImmediate);
        const batch = this.queue.splice(0, batchOf(this.queue.length, this.options.batchSize));
        if (batch.length > 0) await this.run(engine, batch);
      }
    } catch (error) {
      // No device will be opened any more.
      for (const { reject } of this.queue.splice(0)) reject(error);
    } finally {
      this.running = false;
    }
  }

  private async run({ device, loaded }: Engine, batch: readonly Waiting[]): Promise<void> {
    const begun = performance.now();
    try {
      const predictions = await loaded.predictor.predict(
        batch.map(({ pixels }) => pixels),
        { heatmaps: batch.some(({ heatmaps }) => heatmaps) },
      );
      const took = performance.now() - begun;
      for (const [i, { resolve, since }] of batch.entries()) {
        resolve({ prediction: predictions[i], waited: begun - since, took, batch: batch.length });
      }
    } catch (error) {
      this.options.log(`prediction failed: ${(error as Error).message}`);
      // The network has answered, with NaN: another device would as well.
      const lost = !(error instanceof PredictionError);
      for (const { reject } of batch) reject(lost ? deviceLost() : noPrediction(error));
      if (lost) this.replace(device);
    }
  }

  /** Reopens the device, unless `lost` has already been replaced. */
  private replace(lost: Device): void {
    if (this.closed || this.current?.device !== lost) return;
    const old = this.current;
    this.current = undefined;
    this.options.log('the GPU was lost; reopening it');
    this.engine = this.reopen(old);
  }

  private async reopen(old: Engine): Promise<Engine> {
    release(old);
    for (let attempt = 0; ; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, RETRY[Math.min(attempt, RETRY.length - 1)]).unref());
      if (this.closed) throw stopping();
      try {
        const engine = await this.open();
        this.options.log(`the GPU has been reopened: ${engine.device.info.description}`);
        return engine;
      } catch (error) {
        this.options.log(`the GPU could not be opened: ${(error as Error).message}`);
      }
    }
  }

  private async open(): Promise<Engine> {
    const { run, openDevice, batchSize } = this.options;
    const device = await openDevice();
    try {
      const loaded = loadPredictor(device, run, { batchSize });
      const blank = new Float32Array(loaded.network.size ** 2);
      for (let size = 1; size <= batchSize; size *= 2) await loaded.predictor.predict(new Array(size).fill(blank));
      const engine = { device, loaded };
      this.current = engine;
      device.gpu.lost.then(() => this.replace(device));
      return engine;
    } catch (error) {
      device.close();
      throw error;
    }
  }
}

/** Size of the next batch: a power of two, because every size has its own program. */
function batchOf(waiting: number, most: number): number {
  let size = 1;
  while (2 * size <= Math.min(waiting, most)) size *= 2;
  return Math.min(size, waiting);
}

function release({ device, loaded }: Engine): void {
  loaded.dispose();
  device.close();
}
