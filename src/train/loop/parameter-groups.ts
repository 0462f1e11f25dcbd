import { MovingAverage, mul, type Optimizer, type Tensor } from '../../index.js';
import { type HeatmapNetwork, LayerNameError, type Module, type NamedTensor, tensorsNamed } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { buildOptimizer } from './build.js';

/** Parameters with a common factor of the learning rate, and what updates them. */
interface Group {
  readonly factor: number;
  /** Positions in the list of all trained parameters. */
  readonly members: readonly number[];
  readonly optimizer: Optimizer;
  readonly average: MovingAverage;
}

/**
 * The parameters that are trained, in groups of one learning rate each, with their optimizer and moving average. A
 * group is a parameter group of a PyTorch optimizer; with a single one everything is as with an optimizer alone.
 */
export class ParameterGroups {
  /** All trained parameters, in the model's order. */
  readonly parameters: readonly Tensor[];
  private readonly trained: readonly NamedTensor[];
  private readonly groups: readonly Group[];
  private readonly averageOfBuffers = new MovingAverage();

  /**
   * Freezes what the configuration says.
   *
   * @throws LayerNameError for names of no layer, a parameter with two factors, or nothing left to train
   */
  constructor(
    private readonly model: HeatmapNetwork,
    config: TrainingConfig,
  ) {
    const named = model.named();
    model.freeze(new Set(config.training.freeze.flatMap((pattern) => tensorsNamed(pattern, named, 'training.freeze'))));
    this.trained = model.trained();
    if (this.trained.length === 0) {
      throw new LayerNameError('training.freeze: all parameters are frozen; leave some to be trained.');
    }
    this.parameters = this.trained.map(({ tensor }) => tensor);
    const factorOf = factorsByName(config, named);
    const factors = this.trained.map(({ name }) => factorOf.get(name) ?? 1);
    this.groups = [...new Set(factors)].map((factor) => ({
      factor,
      members: factors.flatMap((own, i) => (own === factor ? [i] : [])),
      optimizer: buildOptimizer(config),
      average: new MovingAverage(),
    }));
  }

  /** Takes one step: see `Optimizer.update`. @param gradients One for each of `parameters` */
  update(gradients: readonly Tensor[], learningRate: Tensor, options: { readonly onlyIfFinite: Tensor }): void {
    for (const { factor, members, optimizer } of this.groups) {
      const rate = factor === 1 ? learningRate : mul(learningRate, factor);
      optimizer.update(pick(this.parameters, members), pick(gradients, members), rate, options);
    }
  }

  /**
   * Moves a moving average of the parameters and of batch norm's statistics, which belong together. What is frozen
   * does not change, and neither does its average.
   */
  moveAverage(average: Module, rate: Tensor): void {
    const averages = new Map(average.named().map(({ name, tensor }) => [name, tensor]));
    const averageOf = ({ name }: NamedTensor) => averages.get(name) as Tensor;
    for (const { members, average: moving } of this.groups) {
      const own = pick(this.trained, members);
      moving.update(
        own.map(averageOf),
        own.map(({ tensor }) => tensor),
        rate,
      );
    }
    const buffers = this.model.named().filter(({ learned, frozen }) => !learned && !frozen);
    if (buffers.length === 0) return;
    this.averageOfBuffers.update(
      buffers.map(averageOf),
      buffers.map(({ tensor }) => tensor),
      rate,
    );
  }

  /** The optimizers' moments, by the names of the parameters, and the updates that they have made. */
  async state(): Promise<{ count: number; moments: { parameter: NamedTensor; values: Float32Array[] }[] }> {
    const moments: { parameter: NamedTensor; values: Float32Array[] }[] = [];
    let count = 0;
    for (const { members, optimizer } of this.groups) {
      const own = await optimizer.state();
      count = own.count;
      for (const [i, values] of own.moments.entries()) moments.push({ parameter: this.trained[members[i]], values });
    }
    return { count, moments };
  }

  /** @param momentsOf The moments of a parameter, as `state` gave them. */
  restore(count: number, momentsOf: (parameter: NamedTensor) => Float32Array[]): void {
    for (const { members, optimizer } of this.groups) {
      const moments = pick(this.trained, members).map(momentsOf);
      optimizer.restore(pick(this.parameters, members), { count, moments });
    }
  }

  dispose(): void {
    for (const { optimizer, average } of this.groups) {
      optimizer.dispose();
      average.dispose();
    }
    this.averageOfBuffers.dispose();
  }
}

function factorsByName(config: TrainingConfig, named: readonly NamedTensor[]): Map<string, number> {
  const setting = 'optimizer.learningRateFactors';
  const given = new Map<string, { pattern: string; factor: number }>();
  for (const [pattern, factor] of Object.entries(config.optimizer.learningRateFactors)) {
    for (const name of tensorsNamed(pattern, named, setting)) {
      const other = given.get(name);
      if (other && other.factor !== factor) {
        throw new LayerNameError(
          `${setting}: ${name} is named by "${other.pattern}" (${other.factor}) and by "${pattern}" (${factor}); name it once.`,
        );
      }
      given.set(name, { pattern, factor });
    }
  }
  return new Map([...given].map(([name, { factor }]) => [name, factor]));
}

function pick<T>(all: readonly T[], members: readonly number[]): T[] {
  return members.map((i) => all[i]);
}
