import { type Device, DeviceError, openDevice } from '../../../engine/index.js';
import { fitFrame } from '../../../model/fit-frame.js';
import type { HeatmapNetwork } from '../../../model/index.js';
import type { Predictor } from '../../../model/predictor.js';
import type { Frame } from '../../../train/image/frame.js';
import { buildTrainedModel } from '../../../train/loop/build.js';
import { buildPredictor } from '../../../train/loop/build-predictor.js';
import { type FrameResult, toFrameResult } from '../../frame-result.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import type { FramePredictor, RuntimeState } from './runtime-state.js';
import { fetchWeights } from './weights.js';

interface Engine {
  readonly device: Device;
  readonly model: HeatmapNetwork;
  readonly predictor: Predictor;
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
  const { config, inputSize: size, weights } = description;
  const network = { size, grid: config.model.grid, calibration: description.calibration ?? undefined };
  const source = { url: `/v1/model/weights?precision=${precision}`, ...weights[precision] };
  const bytes = await fetchWeights(source, (progress) => onState({ phase: 'fetching', ...progress }));
  const open = async (): Promise<Engine> => {
    const device = await openDevice({ tuning: 'none' });
    const { model } = buildTrainedModel(device, config, bytes);
    const onCompile = (done: number, total: number) => onState({ phase: 'compiling', done, total });
    const predictor = buildPredictor(device, config, model, { batchSize: 1, onCompile });
    // Compiles everything, so that the first frame does not wait for it.
    await predictor.predict([new Float32Array(size * size)]);
    return { device, model, predictor };
  };
  let engine = await open();

  const predictOnce = async (frame: Frame): Promise<FrameResult> => {
    const { pixels, transform } = fitFrame(frame, size);
    const [prediction] = await engine.predictor.predict([pixels], { heatmaps: true });
    return toFrameResult(prediction, transform, network);
  };
  let queue: Promise<unknown> = Promise.resolve();
  const { description: on, software } = engine.device.info;
  return {
    where: 'page',
    on,
    software,
    predict(frame) {
      // One after the other: a lost device is then opened again once.
      const result = queue.then(async () => {
        try {
          return await predictOnce(frame);
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          release(engine);
          engine = await open();
          return predictOnce(frame);
        }
      });
      queue = result.catch(() => {});
      return result;
    },
    close: () => release(engine),
  };
}

function release({ device, model, predictor }: Engine): void {
  predictor.dispose();
  model.dispose();
  device.close();
}
