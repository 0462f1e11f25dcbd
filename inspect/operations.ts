import {
  add,
  avgPool2d,
  batchNorm,
  conv2d,
  convTranspose2d,
  div,
  exp,
  expectation2d,
  gaussianBlur,
  logSoftmax,
  matmul,
  max,
  maxPool2d,
  mean,
  mul,
  peak2d,
  relu,
  resizeBilinear,
  resizeNearest,
  sigmoid,
  softmax,
  sum,
  type Tensor,
  transpose,
} from '../src/index.js';
import { InspectError } from './inspect-error.js';

type Options = Readonly<Record<string, unknown>>;
type Call = (tensors: readonly Tensor[], options: Options) => Tensor;

/** Engine functions of tensors and a record of options, which `usual` completes. */
function call(operation: (...args: never[]) => Tensor, usual: Options = {}): Call {
  return (tensors, options) => (operation as (...args: unknown[]) => Tensor)(...tensors, { ...usual, ...options });
}

/** Those whose bias is an option. */
function withBias(operation: (x: Tensor, weight: Tensor, options: { bias?: Tensor }) => Tensor): Call {
  return ([x, weight, bias], options) => operation(x, weight, { ...options, bias });
}

const OPERATIONS: Readonly<Record<string, Call>> = {
  conv2d: withBias(conv2d),
  convTranspose2d: withBias(convTranspose2d),
  matmul: call(matmul),
  softmax: call(softmax, { axes: [1, 2] }),
  logSoftmax: call(logSoftmax, { axes: [1, 2] }),
  batchNorm: ([x, weight, bias], options) => batchNorm(x, { weight, bias, training: true, ...options }),
  maxPool2d: call(maxPool2d, { kernelSize: 2 }),
  avgPool2d: call(avgPool2d, { kernelSize: 2 }),
  resizeBilinear: call(resizeBilinear, { scale: 2 }),
  resizeNearest: call(resizeNearest, { scale: 2 }),
  gaussianBlur: call(gaussianBlur, { maxSigma: 2 }),
  expectation2d: call(expectation2d, { grid: 'linspace' }),
  peak2d: call(peak2d, { grid: 'linspace' }),
  sum: call(sum),
  mean: call(mean),
  max: call(max),
  transpose: call(transpose),
  ...{ add: ([x, y]) => add(x, y), mul: ([x, y]) => mul(x, y), div: ([x, y]) => div(x, y) },
  ...{ relu: ([x]) => relu(x), exp: ([x]) => exp(x), sigmoid: ([x]) => sigmoid(x) },
};

/** @throws InspectError for a name that is not offered. */
export function operationNamed(name: string): Call {
  if (Object.hasOwn(OPERATIONS, name)) return OPERATIONS[name];
  throw new InspectError(
    `There is no operation "${name}" to inspect; choose among ${Object.keys(OPERATIONS).join(', ')}.`,
  );
}
