import { assign, type Device, type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { mul } from '../elementwise/elementwise.js';
import { slice } from '../movement/slice.js';
import source from './loss-scale.wgsl';

export interface LossScalerOptions {
  /** The first scale. */
  readonly initial?: number;
  /** Good steps in a row after which the scale is doubled. */
  readonly interval?: number;
  /** Bounds of the scale. */
  readonly least?: number;
  readonly most?: number;
}

const lossScalerTakes = signature<LossScalerOptions>(
  'LossScaler',
  { device: kinds.device },
  {
    initial: kinds.optional(kinds.positive),
    interval: kinds.optional(kinds.whole(1)),
    least: kinds.optional(kinds.positive),
    most: kinds.optional(kinds.positive),
  },
);
const scaleTakes = signature('LossScaler.scale', { loss: kinds.float });
const updateTakes = signature('LossScaler.update', { norm: kinds.f32 });

interface Attributes {
  readonly interval: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Dynamic loss scaling (Micikevicius et al., "Mixed Precision Training", 2018; PyTorch's `GradScaler`): gradients of
 * f16 are kept from vanishing by a factor on the loss. A step whose gradients overflow is left out and halves the
 * factor; many good ones double it. All on the device, as part of the step's program: nothing is read back.
 *
 * Use: gradients of `scale(loss)`; `clipWithNorm(…, { scale: scaler.current() })`, which divides them again; then
 * `update(norm)`, and the optimizer's `onlyIfFinite`.
 */
export class LossScaler {
  readonly least: number;
  private readonly attributes: Attributes;
  /** The scale, and the good steps since it changed. */
  private readonly state: Tensor;

  constructor(device: Device, options: LossScalerOptions = {}) {
    lossScalerTakes(arguments);
    const { initial = 2 ** 15, interval = 2000, least = 1, most = 2 ** 24 } = options;
    this.least = least;
    this.attributes = { interval, least, most };
    this.state = device.tensor([initial, 0], [2]);
    this.state.label = 'loss scale';
  }

  /** The factor of the step under way, of shape [1]. */
  current(): Tensor {
    return slice(this.state, { end: [1] });
  }

  /** A loss whose gradients are `current` times as large. */
  scale(loss: Tensor): Tensor {
    scaleTakes(arguments);
    return mul(loss, this.current());
  }

  /** Records how the scale changes after a step. @param norm A scalar that is NaN or Inf where a gradient is. */
  update(norm: Tensor): void {
    updateTakes(arguments);
    if (norm.size !== 1) throw new ShapeError(`lossScaler: the norm has ${norm.size} values; give one number.`);
    assign(this.state, record(scaleOperation, [this.state, norm], this.attributes)[0]);
  }

  /** The state for checkpoints: the scale, and the good steps since it changed. */
  async save(): Promise<Float32Array> {
    return this.state.data();
  }

  restore(saved: ArrayLike<number>): void {
    this.state.write(saved);
  }

  dispose(): void {
    this.state.dispose();
  }
}

const scaleUniforms = uniforms({ interval: 'f32', least: 'f32', most: 'f32' });

/** Inputs state [2] and norm; output the state, changed in place. */
const scaleOperation: Operation<Attributes> = {
  name: 'lossScale',
  operands: { state: F32, norm: F32 },
  shape: ([state]) => [state],
  lower(lowering, [, norm], [state], { interval, least, most }) {
    lowering.dispatch({
      label: 'lossScale',
      ...kernel(source, { uniforms: scaleUniforms({ interval, least, most }) }),
      bindings: [norm, state],
      writes: [1],
      workgroups: [1, 1, 1],
    });
  },
  updates: () => [[0, 0]],
};
