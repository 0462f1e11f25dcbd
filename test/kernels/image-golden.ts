import { test } from 'vitest';
import { gradients, mul, sum, type Tensor } from '../../src/index.js';
import { expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

/**
 * A test of an operation on one image tensor, and of its gradient, against PyTorch's values; skipped where the golden
 * files are absent.
 */
export function testImageGolden(name: string, run: (x: Tensor) => Tensor, roundings: number): void {
  const file = golden(name);
  test.skipIf(!file)(`PyTorch golden ${name}`, async () => {
    const device = await sharedDevice();
    const tensors = file?.tensors ?? {};
    const native = (key: string) => {
      const { shape, data } = tensors[key];
      return shape.length === 4 ? nchwToNhwc(tensors[key]) : { shape, values: data };
    };
    const tensor = (key: string) => device.tensor(native(key).values, native(key).shape);
    const x = tensor('in_x');
    const y = run(x);
    const [dx] = gradients(sum(mul(y, tensor('cotangent'))), [x]);
    expectClose(await y.data(), native('out').values, roundings, 'out');
    expectClose(await dx.data(), native('grad_x').values, roundings, 'grad_x');
  });
}
