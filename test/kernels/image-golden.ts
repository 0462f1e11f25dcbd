import { gradients, mul, sum, type Tensor } from '../../src/index.js';
import { expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { type Golden, nchwToNhwc } from '../support/golden.js';

/** Checks an operation on one image tensor, and its gradient, against the values of a golden file. */
export async function checkImageGolden(
  { tensors }: Golden,
  run: (x: Tensor) => Tensor,
  roundings: number,
): Promise<void> {
  const device = await sharedDevice();
  const native = (name: string) => {
    const { shape, data } = tensors[name];
    return shape.length === 4 ? nchwToNhwc(tensors[name]) : { shape, values: data };
  };
  const tensor = (name: string) => device.tensor(native(name).values, native(name).shape);
  const x = tensor('in_x');
  const y = run(x);
  const [dx] = gradients(sum(mul(y, tensor('cotangent'))), [x]);
  expectClose(await y.data(), native('out').values, roundings, 'out');
  expectClose(await dx.data(), native('grad_x').values, roundings, 'grad_x');
}
