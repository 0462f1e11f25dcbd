import { type Device, openDevice } from 'sonde/engine';
import {
  angleOfProgression,
  buildNetwork,
  type Decoding,
  fitFrame,
  type GreyFrame,
  HeatmapDecoder,
  importWeights,
  type Landmarks,
  mapLandmarks,
  type NetworkOptions,
  Predictor,
} from 'sonde/model';

/** The part of a run's `config.json` that says how the network is built and read. */
interface Config {
  readonly model: NetworkOptions & {
    readonly inputSize: number;
    readonly grid: 'linspace' | 'pixel-centre';
    readonly decoding: Decoding;
  };
}

export interface Finding {
  /** In pixels of the frame, whole numbers at pixel centres. */
  readonly landmarks: Landmarks;
  /** Degrees; undefined where two landmarks fall together. */
  readonly angle: number | undefined;
}

/** A trained network on this page's GPU. */
export class LandmarkModel {
  private constructor(
    readonly device: Device,
    private readonly predictor: Predictor,
    private readonly size: number,
  ) {}

  /**
   * Fetches `config.json` and `model.safetensors` from `folder` and gets the network ready.
   *
   * @throws DeviceError without WebGPU; WeightsError where the weights are not those of the configuration
   */
  static async load(folder: string): Promise<LandmarkModel> {
    const device = await openDevice();
    const { model }: Config = await (await fetchFile(`${folder}/config.json`)).json();
    const network = buildNetwork(device, model);
    importWeights(network, new Uint8Array(await (await fetchFile(`${folder}/model.safetensors`)).arrayBuffer()));
    const { inputSize: size, decoding, grid } = model;
    const decoder = new HeatmapDecoder(decoding, grid);
    const predictor = new Predictor(device, network, { size, decoder, batchSize: 1 });
    // Compiles every kernel, so that the first frame does not wait for it.
    await predictor.predict([new Float32Array(size * size)]);
    return new LandmarkModel(device, predictor, size);
  }

  async find(frame: GreyFrame): Promise<Finding> {
    const { pixels, transform } = fitFrame(frame, this.size);
    const [prediction] = await this.predictor.predict([pixels]);
    const landmarks = mapLandmarks(prediction.landmarks, (point) => transform.toFrame(point));
    return { landmarks, angle: angleOfProgression(landmarks) };
  }
}

async function fetchFile(url: string): Promise<Response> {
  const response = await fetch(url);
  // Vite's server answers with the page itself where there is no such file.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) {
    throw new Error(`There is no ${url}. Put a trained model there, as the README says.`);
  }
  return response;
}
