import { type Device, DeviceError, openDevice } from '../../../engine/index.js';
import {
  type AnsweredFrame,
  type Fit,
  type FrameResult,
  type LoadedPredictor,
  loadPredictor,
} from '../../../model/index.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import type { FramePredictor, RuntimeState } from './runtime-state.js';
import { fetchWeights } from './weights.js';

interface Engine {
  readonly device: Device;
  readonly loaded: LoadedPredictor;
}

/**
 * The model on this page's own GPU. Frames do not leave the page.
 *
 * @throws DeviceError without WebGPU; WeightsError where the weights cannot be had
 */
export async function openInPage(
  description: ModelDescription,
  precision: Precision,
  onState: (state: RuntimeState) => void,
): Promise<FramePredictor> {
  const { config, inputSize: size } = description;
  const calibration = description.calibration ?? undefined;
  const source = { url: `/v1/model/weights?precision=${precision}`, ...description.weights[precision] };
  const weights = await fetchWeights(source, (progress) => onState({ phase: 'fetching', ...progress }));
  const open = async (): Promise<Engine> => {
    const device = await openDevice({ tuning: 'none' });
    const onCompile = (done: number, total: number) => onState({ phase: 'compiling', done, total });
    const loaded = loadPredictor(device, { config, weights, calibration }, { batchSize: 1, onCompile });
    // Compiles everything, so that the first frame does not wait for it.
    await loaded.predictor.predict([new Float32Array(size * size)]);
    return { device, loaded };
  };
  let engine = await open();

  const predictOnce = async (frame: AnsweredFrame, fit: Fit): Promise<FrameResult> => {
    const [result] = await engine.loaded.answer([frame], { fit, heatmaps: true });
    return result;
  };
  let queue: Promise<unknown> = Promise.resolve();
  const { description: on, software } = engine.device.info;
  return {
    where: 'page',
    on,
    software,
    predict(frame, fit) {
      // One after the other: a lost device is then opened again once.
      const result = queue.then(async () => {
        try {
          return await predictOnce(frame, fit);
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          release(engine);
          engine = await open();
          return predictOnce(frame, fit);
        }
      });
      queue = result.catch(() => {});
      return result;
    },
    close: () => release(engine),
  };
}

function release({ device, loaded }: Engine): void {
  loaded.dispose();
  device.close();
}
