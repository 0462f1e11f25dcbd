import type { CompileOptions, Device } from '../../index.js';
import {
  fromPyTorchTensor,
  type HeatmapNetwork,
  type NamedTensor,
  readWeights,
  type SafetensorsTensors,
  toPyTorchTensor,
  WeightsError,
  type WeightsMatch,
  writeWeights,
} from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { buildModel } from '../predict/build.js';
import type { LoadedBatch } from './batch-loader.js';
import { describeMatch, type InitialWeights, loadInitialWeights } from './initial-weights.js';
import { type StepLosses, TrainingStep } from './training-step.js';
import { Validator } from './validator.js';

export interface LearnerOptions extends Pick<CompileOptions, 'matrixUnits'> {
  /** Number of parts that an earlier process split each step into, and the size of its validation batches. */
  readonly parts?: number;
  readonly validationBatch?: number;
  readonly compiling?: (done: number, total: number) => void;
  readonly note?: (text: string) => void;
}

/** In a state: the loss scale, the good steps since it changed, and the updates that the optimizer has made. */
const LOSS_SCALE = 'loss_scale';

/** The network being trained, the moving average of its weights where that is asked for, and their step. */
export class Learner {
  readonly validator: Validator;
  private readonly model: HeatmapNetwork;
  private readonly average: HeatmapNetwork | undefined;
  private readonly step: TrainingStep;
  /** Updates of the weights so far. */
  private steps = 0;

  constructor(
    device: Device,
    private readonly config: TrainingConfig,
    options: LearnerOptions = {},
  ) {
    this.model = buildModel(device, config);
    this.average = config.training.emaDecay === null ? undefined : buildModel(device, config);
    this.step = new TrainingStep(device, this.model, config, { ...options, average: this.average });
    const { validationBatch, matrixUnits } = options;
    this.validator = new Validator(device, this.average ?? this.model, config, validationBatch, { matrixUnits });
  }

  /** Number of parts that the frames of a step are split into. */
  get parts(): number {
    return this.step.parts;
  }

  /** See `TrainingStep.leastScale`. */
  get leastScale(): number {
    return this.step.leastScale;
  }

  async train(batch: LoadedBatch, learningRate: number): Promise<StepLosses> {
    const { emaDecay } = this.config.training;
    const losses = await this.step.run(batch, learningRate, this.steps === 0 ? 1 : 1 - (emaDecay ?? 0));
    this.steps += 1;
    return losses;
  }

  /**
   * Everything that training changes, as a file keeps it: `model.…`, with a moving average `average.…`, and the
   * optimizer's moments, `moment1.…` and `moment2.…`, under the names of the parameters and in PyTorch's layouts; and
   * the loss scale.
   */
  async tensors(): Promise<SafetensorsTensors> {
    const { moments, count } = await this.step.optimizerState();
    const scaler = await this.step.scalerState();
    const ofOptimizer = moments.flatMap(({ parameter: { name, tensor }, values: own }) =>
      own.map((values, k) => [`moment${k + 1}.${name}`, toPyTorchTensor(values, tensor.shape)]),
    );
    return {
      ...withPrefix('model', await readWeights(this.model)),
      ...(this.average && withPrefix('average', await readWeights(this.average))),
      ...Object.fromEntries(ofOptimizer),
      // A step that is left out is no update to the optimizer.
      ...(scaler && { [LOSS_SCALE]: toPyTorchTensor(Float32Array.of(...scaler, count), [3]) }),
    };
  }

  /** Starts from the weights of another model. @throws as `loadInitialWeights` */
  initialize(initial: InitialWeights): { readonly match: WeightsMatch; readonly sentence: string } {
    const match = loadInitialWeights(this.model, initial);
    if (this.average) loadInitialWeights(this.average, initial);
    return { match, sentence: describeMatch(initial, match, this.model) };
  }

  /**
   * Goes on from {@link tensors} after so many steps. @throws WeightsError where they belong to another configuration
   */
  restore(tensors: SafetensorsTensors, steps: number): void {
    writeWeights(this.model, within('model', tensors));
    if (this.average) writeWeights(this.average, within('average', tensors));
    const saved = [within('moment1', tensors), within('moment2', tensors)].filter((own) => Object.keys(own).length > 0);
    const momentsOf = ({ name, tensor: { shape } }: NamedTensor) =>
      saved.map((own) => {
        if (!(name in own)) throw new WeightsError(`The optimizer's moments of ${name} are missing; start a new run.`);
        return fromPyTorchTensor(own[name], shape, name);
      });
    const scaler = tensors[LOSS_SCALE];
    if (scaler?.dtype === 'F32') this.step.restoreScaler(scaler.data.slice(0, 2));
    this.step.restoreOptimizer(scaler?.dtype === 'F32' ? scaler.data[2] : steps, momentsOf);
    this.steps = steps;
  }

  get stepsTaken(): number {
    return this.steps;
  }

  dispose(): void {
    this.step.dispose();
    this.validator.dispose();
    this.model.dispose();
    this.average?.dispose();
  }
}

/** The weights to predict with, of those that {@link Learner.tensors} gave: the moving average, if there is one. */
export function weightsToUse(tensors: SafetensorsTensors): SafetensorsTensors {
  const average = within('average', tensors);
  return Object.keys(average).length > 0 ? average : within('model', tensors);
}

function withPrefix(prefix: string, tensors: SafetensorsTensors): SafetensorsTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}.${name}`, tensor]));
}

function within(prefix: string, tensors: SafetensorsTensors): SafetensorsTensors {
  const start = `${prefix}.`;
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(start) ? [[name.slice(start.length), tensor]] : [],
    ),
  );
}
