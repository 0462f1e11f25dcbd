import type { Tensor } from '../engine/index.js';
import { batchNorm, conv2d, convTranspose2d } from '../kernels/index.js';
import { type Builder, Module } from './module.js';

export interface Conv2dLayerOptions {
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: boolean;
}

/** Counterpart: torch.nn.Conv2d, initialized as it is: uniform within ±1/√(inC·k²), weight and bias. */
export class Conv2d extends Module {
  private readonly weight: Tensor;
  private readonly bias: Tensor | undefined;

  constructor(
    builder: Builder,
    inChannels: number,
    outChannels: number,
    private readonly options: Conv2dLayerOptions,
  ) {
    super(builder);
    const { kernelSize, bias = true } = options;
    const bound = 1 / Math.sqrt(inChannels * kernelSize ** 2);
    this.weight = this.uniform('weight', [outChannels, kernelSize, kernelSize, inChannels], bound);
    this.bias = bias ? this.uniform('bias', [outChannels], bound) : undefined;
  }

  /** @param x [N, H, W, inC] */
  apply(x: Tensor): Tensor {
    const { stride = 1, padding = 0 } = this.options;
    return this.scoped(() => conv2d(x, this.weight, { bias: this.bias, stride, padding }));
  }
}

/** Counterpart: torch.nn.ConvTranspose2d with bias, initialized as it is: uniform within ±1/√(outC·k²). */
export class ConvTranspose2d extends Module {
  private readonly weight: Tensor;
  private readonly bias: Tensor;

  constructor(
    builder: Builder,
    inChannels: number,
    outChannels: number,
    private readonly options: { readonly kernelSize: number; readonly stride: number },
  ) {
    super(builder);
    const { kernelSize } = options;
    const bound = 1 / Math.sqrt(outChannels * kernelSize ** 2);
    this.weight = this.uniform('weight', [inChannels, kernelSize, kernelSize, outChannels], bound);
    this.bias = this.uniform('bias', [outChannels], bound);
  }

  /** @param x [N, H, W, inC] */
  apply(x: Tensor): Tensor {
    return this.scoped(() => convTranspose2d(x, this.weight, { bias: this.bias, stride: this.options.stride }));
  }
}

/**
 * Counterpart: torch.nn.BatchNorm2d, with ReLU in the same kernel: every normalization of the models is followed by
 * one.
 */
export class BatchNormRelu extends Module {
  private readonly weight: Tensor;
  private readonly bias: Tensor;
  private readonly runningMean: Tensor;
  private readonly runningVar: Tensor;

  constructor(builder: Builder, channels: number) {
    super(builder);
    this.weight = this.constant('weight', [channels], 1);
    this.bias = this.constant('bias', [channels], 0);
    this.runningMean = this.constant('running_mean', [channels], 0, false);
    this.runningVar = this.constant('running_var', [channels], 1, false);
  }

  /**
   * @param x [N, H, W, C]
   * @param training Normalize by the batch and move the running statistics, unless frozen; or normalize by the latter.
   */
  apply(x: Tensor, training: boolean): Tensor {
    const { weight, bias, runningMean, runningVar } = this;
    const byBatch = training && !this.frozen;
    return this.scoped(() =>
      batchNorm(x, { weight, bias, runningMean, runningVar, training: byBatch, activation: 'relu' }),
    );
  }
}

export interface DoubleConvOptions {
  /** Stride of the first convolution. Default 1. */
  readonly stride?: number;
  /** Whether the convolutions have a bias, which the batch norm behind them takes out again. Default: no. */
  readonly bias?: boolean;
}

/** Two 3×3 convolutions, each followed by batch norm and ReLU. */
export class DoubleConv extends Module {
  private readonly conv1: Conv2d;
  private readonly bn1: BatchNormRelu;
  private readonly conv2: Conv2d;
  private readonly bn2: BatchNormRelu;

  constructor(
    builder: Builder,
    inChannels: number,
    outChannels: number,
    { stride = 1, bias = false }: DoubleConvOptions = {},
  ) {
    super(builder);
    const options = { kernelSize: 3, padding: 1, bias };
    this.conv1 = this.child('conv1', (b) => new Conv2d(b, inChannels, outChannels, { ...options, stride }));
    this.bn1 = this.child('bn1', (b) => new BatchNormRelu(b, outChannels));
    this.conv2 = this.child('conv2', (b) => new Conv2d(b, outChannels, outChannels, options));
    this.bn2 = this.child('bn2', (b) => new BatchNormRelu(b, outChannels));
  }

  /** @param x [N, H, W, inC] */
  apply(x: Tensor, training: boolean): Tensor {
    return this.scoped(() => {
      const hidden = this.bn1.apply(this.conv1.apply(x), training);
      return this.bn2.apply(this.conv2.apply(hidden), training);
    });
  }
}
