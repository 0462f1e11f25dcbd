import { type ArenaLayout, isPackedIn, packRecorded, packStored, relyOnPlaces } from '../../engine/arena.js';
import { fill } from '../../engine/basic-operations.js';
import { assignAll } from '../../engine/effects.js';
import { type Device, type Operation, record, ShapeError, SondeError, scope, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, sameShape } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import advanceSource from './advance.wgsl';
import source from './optimizer.wgsl';

/** What an optimizer's kernel is told. */
export interface StepAttributes {
  readonly name: 'adam' | 'adamw' | 'sgd';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
}

const stepUniforms = uniforms({
  vectors: 'u32',
  beta1: 'f32',
  beta2: 'f32',
  rest1: 'f32',
  rest2: 'f32',
  logBeta1: 'f32',
  logBeta2: 'f32',
  epsilon: 'f32',
  decay: 'f32',
});

// Inputs: gradient, learning rate, step count, then what is updated: parameter, first moment, second moment; and last
// the guard, if there is one.
const stepOperation: Operation<StepAttributes> = {
  name: 'optimizer.step',
  operands: { gradient: F32, learningRate: F32, count: F32, state: F32 },
  shape: (inputs, { name }) => inputs.slice(3, 3 + updatedBy(name)),
  updates: ({ name }) => Array.from({ length: updatedBy(name) }, (_, i) => [i, 3 + i] as const),
  lower(lowering, inputs, updated, { name, beta1, beta2, epsilon, decay }) {
    const [gradient, rate, count] = inputs;
    const guards = inputs.slice(3 + updated.length);
    const vectors = gradient.shape[0] / 4;
    const adam = name !== 'sgd';
    lowering.dispatch({
      label: name,
      ...kernel(source, {
        constants: {
          NAME: name,
          ADAM: adam,
          DECOUPLED: name === 'adamw',
          GUARDED: guards.length > 0,
          GUARD: 4 + updated.length,
        },
        uniforms: stepUniforms({
          vectors,
          beta1,
          beta2,
          rest1: 1 - beta1,
          rest2: 1 - beta2,
          logBeta1: Math.log(beta1),
          logBeta2: Math.log(beta2),
          epsilon,
          decay,
        }),
      }),
      bindings: [gradient, rate, count, ...updated, ...guards],
      writes: updated.map((_, i) => 3 + i),
      workgroups: linearGrid(vectors),
      flops: vectors * 4 * (adam ? 14 : 4),
    });
  },
};

/** Tensors that a step changes: the parameter and its moments. */
function updatedBy(name: StepAttributes['name']): number {
  return name === 'sgd' ? 2 : 3;
}

// Inputs: step count, and the guard, if there is one.
const advanceOperation: Operation<null> = {
  name: 'optimizer.advance',
  operands: { count: F32, guard: F32 },
  shape: ([count]) => [count],
  updates: () => [[0, 0]],
  lower(lowering, [, ...guards], [count]) {
    lowering.dispatch({
      label: 'optimizer.advance',
      ...kernel(advanceSource, { constants: { GUARDED: guards.length > 0 } }),
      bindings: [count, ...guards],
      writes: [0],
      workgroups: [1, 1, 1],
    });
  },
};

interface Arena {
  readonly layout: ArenaLayout;
  readonly parameters: Tensor;
  readonly moments: readonly Tensor[];
}

const learningRate = kinds.either(kinds.atLeastZero, kinds.f32);
const updateTakes = (name: string) =>
  signature<{ onlyIfFinite?: Tensor }>(
    name,
    { parameters: kinds.learnable, gradients: kinds.learnable, learningRate },
    { onlyIfFinite: kinds.optional(kinds.f32) },
  );

/** The optimizers' common part: parameters and state in arenas, one dispatch per arena and step. */
export abstract class Optimizer {
  private parameters: readonly Tensor[] = [];
  private arenas: Arena[] = [];
  private count: Tensor | undefined;
  private readonly updateTakes: (given: ArrayLike<unknown>) => void;

  protected constructor(
    private readonly settings: StepAttributes,
    private readonly moments: 1 | 2,
  ) {
    this.updateTakes = updateTakes(settings.name);
  }

  /**
   * Takes one step. Within a compiled function the new values of the parameters and of the optimizer's state are
   * effects of the program; elsewhere the step is taken at once.
   *
   * @param parameters Stored tensors, the same at every call. The first call moves them into arenas.
   * @param gradients One per parameter, of its shape.
   * @param learningRate A number, or a scalar tensor such as an argument of the compiled function.
   * @param options.onlyIfFinite A scalar, such as the norm of the gradients: where it is NaN or Inf the step is left
   *   out, so that parameters and state stay as they were. Counterpart: `found_inf` of PyTorch's fused optimizers.
   */
  update(
    parameters: readonly Tensor[],
    gradients: readonly Tensor[],
    learningRate: number | Tensor,
    options: { readonly onlyIfFinite?: Tensor } = {},
  ): void {
    this.updateTakes(arguments);
    if (gradients.length !== parameters.length) {
      throw new SondeError(
        `${this.settings.name}: ${gradients.length} gradients for ${parameters.length} parameters; give one for each, in order.`,
      );
    }
    for (const [i, { shape }] of gradients.entries()) {
      if (sameShape(shape, parameters[i].shape)) continue;
      throw new ShapeError(
        `${this.settings.name}: gradient ${i} is ${formatShape(shape)} and its parameter (${parameters[i]}) is ` +
          `${formatShape(parameters[i].shape)}; give gradients in the order of the parameters.`,
      );
    }
    const guards = options.onlyIfFinite ? [options.onlyIfFinite] : [];
    if (typeof learningRate !== 'number') this.checkScalar('the learning rate', learningRate);
    for (const guard of guards) this.checkScalar('onlyIfFinite', guard);
    const { device, count } = this.prepare(parameters);
    const rate = typeof learningRate === 'number' ? fill(device, [], learningRate) : learningRate;
    scope('optimizer', () => {
      const assignments: [Tensor, Tensor][] = [];
      for (const { layout, parameters: flat, moments } of this.arenas) {
        const gradient = packRecorded(gradients, layout);
        const updated = record(stepOperation, [gradient, rate, count, flat, ...moments, ...guards], this.settings);
        for (const [i, target] of [flat, ...moments].entries()) assignments.push([target, updated[i]]);
      }
      assignments.push([count, record(advanceOperation, [count, ...guards], null)[0]]);
      assignAll(assignments);
    });
  }

  /** Releases the optimizer's state. The parameters stay. */
  dispose(): void {
    for (const { parameters, moments } of this.arenas) for (const flat of [parameters, ...moments]) flat.dispose();
    this.count?.dispose();
    this.arenas = [];
    this.parameters = [];
    this.count = undefined;
  }

  /**
   * The optimizer's state for checkpoints: the step count, and for each parameter its moments in the parameter's shape.
   * Empty before the first update.
   */
  async state(): Promise<{ count: number; moments: Float32Array[][] }> {
    if (!this.count) return { count: 0, moments: [] };
    const moments: Float32Array[][] = this.parameters.map(() => []);
    for (const arena of this.arenas) {
      for (const flat of arena.moments) {
        const values = await flat.data();
        for (const [i, member] of arena.layout.members.entries()) {
          const at = arena.layout.offsets[i];
          moments[member].push(values.slice(at, at + this.parameters[member].size));
        }
      }
    }
    return { count: await this.count.item(), moments };
  }

  /** Sets the state to one returned by {@link Optimizer.state}, for the same parameters. */
  restore(
    parameters: readonly Tensor[],
    state: { count: number; moments: readonly (readonly ArrayLike<number>[])[] },
  ): void {
    const { count } = this.prepare(parameters);
    const isFresh = state.count === 0 && state.moments.length === 0;
    const fits =
      state.moments.length === parameters.length &&
      state.moments.every(
        (own, i) => own.length === this.moments && own.every((moment) => moment.length === parameters[i].size),
      );
    if (!isFresh && !fits) {
      throw new SondeError(
        `${this.settings.name}: the saved state does not fit these ${parameters.length} parameters; it belongs to another model or optimizer.`,
      );
    }
    for (const arena of this.arenas) {
      for (const [k, flat] of arena.moments.entries()) {
        const values = new Float32Array(arena.layout.length);
        for (const [i, member] of arena.layout.members.entries()) {
          if (!isFresh) values.set(state.moments[member][k], arena.layout.offsets[i]);
        }
        flat.write(values);
      }
    }
    count.write([state.count]);
  }

  private checkScalar(what: string, { size, shape }: Tensor): void {
    if (size === 1) return;
    throw new ShapeError(
      `${this.settings.name}: ${what} has ${size} values (shape ${formatShape(shape)}); give one number for all parameters.`,
    );
  }

  /** The state, made at the first call. */
  private prepare(parameters: readonly Tensor[]): { device: Device; count: Tensor } {
    const { name } = this.settings;
    if (parameters.length === 0) throw new SondeError(`${name}: no parameters; give at least one.`);
    const { device } = parameters[0];
    if (!this.count) {
      this.arenas = packStored(device, parameters).map(({ layout, flat }) => ({
        layout,
        parameters: flat,
        moments: Array.from({ length: this.moments }, () => device.zeros(flat.shape)),
      }));
      this.count = device.zeros([]);
      this.parameters = [...parameters];
    } else if (
      parameters.length !== this.parameters.length ||
      parameters.some((own, i) => own !== this.parameters[i])
    ) {
      throw new SondeError(`${name}: the parameters are not those of the first update; make a new optimizer for them.`);
    } else if (!this.arenas.every(({ layout, parameters: flat }) => isPackedIn(flat, layout, parameters))) {
      // Another optimizer has packed them since.
      const packed = packStored(device, parameters);
      for (const arena of this.arenas) arena.parameters.dispose();
      this.arenas = this.arenas.map((arena, i) => ({ ...arena, parameters: packed[i].flat }));
    }
    relyOnPlaces(parameters);
    return { device, count: this.count };
  }
}

export interface AdamOptions {
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weightDecay?: number;
}

const adamOptions: OptionKinds<AdamOptions> = {
  betas: kinds.optional(kinds.list('two numbers from 0 to below 1', kinds.rate, { least: 2, most: 2 })),
  eps: kinds.optional(kinds.atLeastZero),
  weightDecay: kinds.optional(kinds.atLeastZero),
};
const adamTakes = signature('Adam', {}, adamOptions);
const adamWTakes = signature('AdamW', {}, adamOptions);

/** Adam. Counterpart: torch.optim.Adam, its defaults and its rounding of bias corrections. */
export class Adam extends Optimizer {
  constructor(options: AdamOptions = {}) {
    adamTakes(arguments);
    const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    super({ name: 'adam', beta1: betas[0], beta2: betas[1], epsilon: eps, decay: weightDecay }, 2);
  }
}

/** Adam with decoupled weight decay. Counterpart: torch.optim.AdamW. */
export class AdamW extends Optimizer {
  constructor(options: AdamOptions = {}) {
    adamWTakes(arguments);
    const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 } = options;
    super({ name: 'adamw', beta1: betas[0], beta2: betas[1], epsilon: eps, decay: weightDecay }, 2);
  }
}

export interface SGDOptions {
  readonly momentum?: number;
  readonly weightDecay?: number;
}

const sgdTakes = signature<SGDOptions>(
  'SGD',
  {},
  { momentum: kinds.optional(kinds.atLeastZero), weightDecay: kinds.optional(kinds.atLeastZero) },
);

/** Gradient descent with momentum. Counterpart: torch.optim.SGD (no dampening, no Nesterov). */
export class SGD extends Optimizer {
  constructor(options: SGDOptions = {}) {
    sgdTakes(arguments);
    const { momentum = 0, weightDecay = 0 } = options;
    // The kernel's uniforms hold logarithms of both betas; SGD reads neither.
    super({ name: 'sgd', beta1: momentum, beta2: 1, epsilon: 0, decay: weightDecay }, 1);
  }
}
