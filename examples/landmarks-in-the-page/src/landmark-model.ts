import { type Device, openDevice } from 'sonde/engine';
import {
  type Calibration,
  type CalibrationKey,
  calibrationFor,
  decodeSafetensors,
  type FrameResult,
  type GreyFrame,
  type LoadedPredictor,
  loadPredictor,
  type PredictorConfig,
} from 'sonde/model';

/** A trained network on this page's GPU. */
export class LandmarkModel {
  private constructor(
    readonly device: Device,
    private readonly predictor: LoadedPredictor,
  ) {}

  /**
   * Fetches `config.json`, `model.safetensors` and, where it is there, `calibration.json` from `folder` and gets the
   * network ready.
   *
   * @throws DeviceError without WebGPU; WeightsError where the weights are not those of the configuration
   */
  static async load(folder: string): Promise<LandmarkModel> {
    const device = await openDevice();
    const config: PredictorConfig = await (await fetchFile(`${folder}/config.json`)).json();
    const weights = new Uint8Array(await (await fetchFile(`${folder}/model.safetensors`)).arrayBuffer());
    const calibration = await fetchCalibration(`${folder}/calibration.json`, config, weights);
    const predictor = loadPredictor(device, { config, weights, calibration }, { batchSize: 1 });
    // Compiles every kernel, so that the first frame does not wait for it.
    const { size } = predictor.network;
    await predictor.answer([{ width: size, height: size, pixels: new Float32Array(size * size) }]);
    return new LandmarkModel(device, predictor);
  }

  async find(frame: GreyFrame): Promise<FrameResult> {
    const [result] = await this.predictor.answer([frame]);
    return result;
  }
}

/** Undefined where there is none for these weights: results then say so. */
async function fetchCalibration(
  url: string,
  { model }: PredictorConfig,
  weights: Uint8Array,
): Promise<Calibration | undefined> {
  const response = await fetchFile(url).catch(() => undefined);
  if (!response) return undefined;
  const kept: (Calibration & CalibrationKey)[] = await response.json();
  const epoch = Number(decodeSafetensors(weights).metadata.epoch ?? 0);
  return calibrationFor(kept, { checkpoint: 'best', epoch, decoding: model.decoding });
}

async function fetchFile(url: string): Promise<Response> {
  const response = await fetch(url);
  // Vite's server answers with the page itself where there is no such file.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) {
    throw new Error(`There is no ${url}. Put a trained model there, as the README says.`);
  }
  return response;
}
