import type { FusionGroup } from './fusion.js';
import type { Node } from './graph.js';
import type { Operands } from './operands.js';
import type { DType, Shape, TensorSpec } from './shape.js';
import type { Tensor } from './tensor.js';

/** A tensor as a kernel sees it while a program is being built: a shape and a place that the planner chooses. */
export interface Value extends TensorSpec {
  readonly id: number;
}

/**
 * One compute dispatch.
 *
 * The kernel's interface is fixed: `@group(0) @binding(0) var<uniform>` holds `uniforms` (absent if there are none),
 * and `@binding(1)`, `@binding(2)`, … are `bindings` in order. `kernel` builds `source` and `uniforms` together. A
 * value that the kernel only reads is declared `var<storage, read>`, one that it writes `read_write`. The entry point
 * is `main`. A binding's size is its value's size rounded up to 16 bytes, so a value can be declared `array<vec4f>`;
 * what lies beyond the last element is undefined when read and may be overwritten by such a vec4. Never use
 * `arrayLength`: sizes travel in the uniforms.
 */
export interface Dispatch {
  /** Operation and pass, as in `conv2d.weightGradient`. Stands in profiles and error messages. */
  readonly label: string;
  /** Final WGSL text. Pipelines are cached on it. */
  readonly source: string;
  readonly bindings: readonly Value[];
  /** Which of `bindings` the kernel writes, by position. */
  readonly writes: readonly number[];
  /** The words of the kernel's uniforms. */
  readonly uniforms?: Uint32Array;
  readonly workgroups: readonly [number, number, number];
  /** Useful arithmetic, for the profiler: 2 per multiply-add. */
  readonly flops?: number;
  /** Bytes that it reads and writes, for the profiler; all that is bound if not given. */
  readonly bytes?: number;
}

/** The program builder as an operation's `lower` sees it. */
export interface Lowering {
  readonly limits: GPUSupportedLimits;
  /** The traits by which kernels are chosen. */
  readonly adapter: AdapterTraits;
  /** The kernel that measurements chose, by its name among the operation's `variants`; undefined for the default. */
  readonly variant: string | undefined;
  /** Memory that lives for this operation only. Its contents are undefined at first. */
  scratch(shape: Shape, dtype?: DType): Value;
  /** Constant data (tables) uploaded once when the program is built. */
  constant(values: Uint32Array | Float32Array): Value;
  /** The same memory seen with another shape of equal size. */
  reshape(value: Value, shape: Shape): Value;
  dispatch(dispatch: Dispatch): void;
}

/** Traits of a device by which kernels are chosen. */
export interface DeviceTraits {
  /** A driver that runs on CPU cores (lavapipe, SwiftShader): wide registers win, workgroup memory does not. */
  readonly software: boolean;
  readonly subgroups: boolean;
  /** Invocations per subgroup where the adapter has only one size. */
  readonly subgroupSize: number | undefined;
  readonly f16: boolean;
}

/** Traits by which a program's kernels are chosen: those of the device, and the options that it was compiled with. */
export interface AdapterTraits extends DeviceTraits {
  /** The matrix units that the program may use. */
  readonly matrix?: MatrixUnit;
}

/** The product that matrix units compute, operands f16 and sums f32, and the subgroups that compute it together. */
export interface MatrixUnit extends MatrixShape {
  /** Invocations in a subgroup that kernels are laid out for. */
  readonly subgroupSize: number;
  /** Whether the driver may give a kernel subgroups of another size, so that it has to look how many it has. */
  readonly sizeVaries: boolean;
}

/** A product of an m×k and a k×n matrix. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Text such as "16×16×8". */
export function formatMatrixShape({ m, n, k }: MatrixShape): string {
  return `${m}×${n}×${k}`;
}

/** A node whose operation offers `absorb`, and another that reads its result. */
export interface Absorption {
  readonly own: Node;
  readonly consumer: Node;
  /** Whether nothing else reads the result. */
  readonly sole: boolean;
  /** The traits and limits by which kernels are chosen. */
  readonly lowering: Pick<Lowering, 'adapter' | 'limits' | 'variant'>;
}

/** The input of a gradient rule: both ends of the forward call and the gradients of its outputs. */
export interface GradientCall<Attributes> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Gradient of the loss by each output; undefined where the loss does not depend on it. */
  readonly outputGradients: readonly (Tensor | undefined)[];
  /** Whether the gradient by each input is wanted. */
  readonly wanted: readonly boolean[];
}

/**
 * An operation: its shape rule, its lowering to dispatches, and its gradient (vector-Jacobian product) written with
 * operations. Attributes are plain data.
 */
export interface Operation<Attributes = unknown> {
  readonly name: string;
  /**
   * Its inputs by name, in order, with the types that its kernels read; the last stands for all that follow. Inputs of
   * other types are refused when the operation is recorded. Absent: all are f32.
   */
  readonly operands?: Operands;
  /** Checks inputs and attributes, throws ShapeError with numbers and remedy, returns the outputs' specs. */
  shape(inputs: readonly TensorSpec[], attributes: Attributes): TensorSpec[];
  lower(lowering: Lowering, inputs: readonly Value[], outputs: readonly Value[], attributes: Attributes): void;
  /**
   * Names of the kernels that can compute this on such inputs, the default first, for the tuner to choose among.
   * `lower` finds the choice in `lowering.variant`; an attribute `variant` forces one.
   */
  variants?(inputs: readonly TensorSpec[], attributes: Attributes, adapter: AdapterTraits): readonly string[];
  /**
   * For operations on corresponding elements: one operation that computes a chain of such, this one last. All members
   * of a chain offer `fuse`.
   */
  fuse?(group: FusionGroup): Operation;
  /**
   * For operations whose kernels can do what comes next while results are still in registers: this node and a
   * `consumer` of its result rewritten, in the order in which they run and with the same outputs between them;
   * undefined where this one cannot.
   */
  absorb?(absorption: Absorption): readonly Node[] | undefined;
  /**
   * For operations that begin with mean and biased variance of each channel (the last axis) of their first input, their
   * outputs 1 and 2: the one that does the rest, with both as further inputs. An operation that can take the statistics
   * along while it makes that input (`absorb`) puts it in this one's place.
   */
  readonly afterStatistics?: Operation;
  /** One gradient per input, undefined where it is zero or not wanted. Absent: the operation has no gradient. */
  gradient?(call: GradientCall<Attributes>): (Tensor | undefined)[];
  /**
   * Pairs [output, input]: the output starts as the input's contents and the kernels update it in place, so `lower`
   * binds only the output. The planner lets both share memory where the input's old value has no other reader,
   * and copies otherwise.
   */
  updates?(attributes: Attributes): readonly (readonly [output: number, input: number])[];
}
