import { fnv1a } from '../engine/fnv1a.js';
import { type Device, type Shape, SondeError, scope, type Tensor } from '../engine/index.js';

/** A parameter (learned) or buffer (a statistic, saved with the weights but not learned) under its full name. */
export interface NamedTensor {
  /** Full name as in PyTorch's state_dict: `enc1.conv1.weight`. */
  readonly name: string;
  readonly tensor: Tensor;
  readonly learned: boolean;
  /** Whether training leaves it as it is. See {@link Module.freeze}. */
  readonly frozen: boolean;
}

interface OwnTensor {
  readonly tensor: Tensor;
  readonly learned: boolean;
  frozen: boolean;
}

/** The source of a module's tensors while a model is being built. */
export interface Builder {
  readonly device: Device;
  /** Seed of the initial values. Each tensor draws from its own stream, named by the tensor. */
  readonly seed: number;
  /** Full name of the module being built, '' for the model itself. */
  readonly path: string;
}

/** A part of a model: owns named tensors and other modules, and applies them to its input. */
export abstract class Module {
  private readonly tensors = new Map<string, OwnTensor>();
  private readonly modules = new Map<string, Module>();

  constructor(protected readonly builder: Builder) {}

  /** Every parameter and buffer of this module and those within, in the order of definition. */
  named(): NamedTensor[] {
    const { path } = this.builder;
    const prefix = path === '' ? '' : `${path}.`;
    const own = [...this.tensors].map(([name, { tensor, learned, frozen }]) => ({
      name: `${prefix}${name}`,
      tensor,
      learned,
      frozen: learned ? frozen : this.frozen,
    }));
    return [...own, ...[...this.modules.values()].flatMap((module) => module.named())];
  }

  /** The learned tensors, which an optimizer updates. */
  get parameters(): Tensor[] {
    return this.named().flatMap(({ tensor, learned }) => (learned ? [tensor] : []));
  }

  /** The learned tensors that are not frozen, under their names. */
  trained(): NamedTensor[] {
    return this.named().filter(({ learned, frozen }) => learned && !frozen);
  }

  /**
   * Excludes learned tensors from {@link trained}. A batch norm of which all parameters are frozen normalizes by its
   * running statistics and leaves them as they are, in training too. Counterpart: `requires_grad_(False)`, and
   * `eval()` for batch norm.
   *
   * @param names Full names. Functions that were compiled before keep to what was frozen then.
   */
  freeze(names: ReadonlySet<string>): void {
    for (const [name, entry] of this.tensors) {
      if (entry.learned && names.has(this.fullName(name))) entry.frozen = true;
    }
    for (const module of this.modules.values()) module.freeze(names);
  }

  /** Whether this module has parameters of its own, all of them frozen. */
  protected get frozen(): boolean {
    const learned = [...this.tensors.values()].filter((entry) => entry.learned);
    return learned.length > 0 && learned.every((entry) => entry.frozen);
  }

  /** Number of learned values. */
  get parameterCount(): number {
    return this.parameters.reduce((total, tensor) => total + tensor.size, 0);
  }

  /** Releases the module's memory. */
  dispose(): void {
    for (const { tensor } of this.named()) tensor.dispose();
  }

  /** Defines a learned tensor, uniform in [-bound, bound): what PyTorch's default initializations come down to. */
  protected uniform(name: string, shape: Shape, bound: number): Tensor {
    // A stream named by the tensor, so that adding a layer does not change the others' values.
    const key = [this.builder.seed, fnv1a(this.fullName(name))[0]] as const;
    return this.define(name, this.builder.device.uniform(shape, key, -bound, bound), true);
  }

  /** Defines a tensor with one value everywhere. */
  protected constant(name: string, shape: Shape, value: number, learned = true): Tensor {
    return this.define(name, this.builder.device.full(shape, value), learned);
  }

  /** Defines a module within this one. */
  protected child<M extends Module>(name: string, make: (builder: Builder) => M): M {
    const module = make({ ...this.builder, path: this.fullName(name) });
    this.modules.set(name, module);
    return module;
  }

  /** Takes in a module that was built under this one's own name. */
  protected adopt<M extends Module>(module: M): M {
    this.modules.set(`(${this.modules.size})`, module);
    return module;
  }

  /** Records `body` under this module's name. */
  protected scoped<T>(body: () => T): T {
    const name = this.builder.path.split('.').at(-1);
    return name ? scope(name, body) : body();
  }

  private define(name: string, tensor: Tensor, learned: boolean): Tensor {
    if (this.tensors.has(name))
      throw new SondeError(`${this.fullName(name)} is defined twice; give each tensor its own name.`);
    tensor.label = this.fullName(name);
    this.tensors.set(name, { tensor, learned, frozen: false });
    return tensor;
  }

  private fullName(name: string): string {
    return this.builder.path === '' ? name : `${this.builder.path}.${name}`;
  }
}
