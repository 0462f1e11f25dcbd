import { type Device, DeviceError, openDevice } from '../../../engine/index.js';
import {
  type AnsweredFrame,
  type Fit,
  type FrameResult,
  type LoadedPredictor,
  loadPredictor,
} from '../../../model/index.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import { attend } from './attend.js';
import { type FramePredictor, type RuntimeState, readyState } from './runtime-state.js';
import { fetchWeights } from './weights.js';

interface Engine {
  readonly device: Device;
  readonly loaded: LoadedPredictor;
}

export interface InPageOptions {
  readonly precision: Precision;
  /** Cancels the opening, and every pending prediction. */
  readonly signal: AbortSignal;
  readonly onState: (state: RuntimeState) => void;
}

/**
 * The model on this page's own GPU. Frames do not leave the page.
 *
 * @throws WeightsError where the weights cannot be had; DeviceError without WebGPU, or where the GPU stands still; and
 *   whatever a kernel that is broken throws
 */
export async function openInPage(
  description: ModelDescription,
  { precision, signal, onState }: InPageOptions,
): Promise<FramePredictor> {
  const { config, inputSize: size } = description;
  const calibration = description.calibration ?? undefined;
  const source = { url: `/v1/model/weights?precision=${precision}`, ...description.weights[precision] };
  const weights = await fetchWeights(source, (progress) => onState({ phase: 'fetching', ...progress }), signal);
  let opening: Device | undefined;
  const open = (): Promise<Engine> => {
    let compiled = '';
    return attend(
      async (alive) => {
        const device = await openDevice({ tuning: 'none' });
        opening = device;
        alive(device.info.software);
        const onCompile = (done: number, total: number) => {
          if (!alive()) return;
          compiled = `, with ${done} of ${total} kernels ready`;
          onState({ phase: 'compiling', done, total });
        };
        const loaded = loadPredictor(device, { config, weights, calibration }, { batchSize: 1, onCompile });
        // Compiles everything, so that the first frame does not wait for it.
        await loaded.predictor.predict([new Float32Array(size * size)]);
        return { device, loaded };
      },
      {
        signal,
        stalled: (seconds) => `preparing the GPU has made no progress for ${seconds} s${compiled}`,
        tooLate: release,
      },
    ).catch((error) => {
      opening?.close();
      throw error;
    });
  };
  let engine = await open();

  const predictOnce = (frame: AnsweredFrame, fit: Fit): Promise<FrameResult> =>
    attend(
      async (alive) => {
        alive(engine.device.info.software);
        const [result] = await engine.loaded.answer([frame], { fit, heatmaps: true });
        return result;
      },
      {
        signal,
        stalled: (seconds) => `the GPU has not finished a frame in ${seconds} s`,
        tooLate: () => {},
      },
    );
  let queue: Promise<unknown> = Promise.resolve();
  const { description: on, software } = engine.device.info;
  const opened: FramePredictor = {
    where: 'page',
    on,
    software,
    predict(frame, fit) {
      // One after the other: a lost device is then opened again once.
      const result = queue.then(async () => {
        try {
          return await predictOnce(frame, fit);
        } catch (error) {
          if (!(error instanceof DeviceError) || signal.aborted) throw error;
          release(engine);
          engine = await open();
          onState(readyState(opened));
          return predictOnce(frame, fit);
        }
      });
      queue = result.catch(() => {});
      return result;
    },
    close: () => release(engine),
  };
  onState(readyState(opened));
  return opened;
}

function release({ device, loaded }: Engine): void {
  loaded.dispose();
  device.close();
}
