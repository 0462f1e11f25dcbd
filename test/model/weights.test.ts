import { describe, expect, test } from 'vitest';
import { Adam, compile, type Device, gradients, mean } from '../../src/index.js';
import {
  asFloat32,
  DsntDeepUNet,
  decodeSafetensors,
  encodeSafetensors,
  exportWeights,
  importWeights,
  type SafetensorsTensor,
  WeightsError,
} from '../../src/model/index.js';
import { sharedDevice } from '../support/device.js';

const make = (device: Device, seed: number) => new DsntDeepUNet({ device, seed, path: '' }, { base: 2, depth: 4 });

async function valuesOf(model: DsntDeepUNet): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const { name, tensor } of model.named()) values[name] = await tensor.data();
  return values;
}

/** The weights of a fresh model, changed by `edit` and written again. */
async function edited(edit: (tensors: Record<string, SafetensorsTensor>) => unknown): Promise<Uint8Array> {
  const model = make(await sharedDevice(), 1);
  const { tensors } = decodeSafetensors(await exportWeights(model));
  model.dispose();
  edit(tensors);
  return encodeSafetensors(tensors);
}

describe('importWeights', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %s, naming the tensor',
    async (value) => {
      const device = await sharedDevice();
      for (const name of ['head.bias', 'enc1.conv1.weight', 'enc2.bn1.running_var']) {
        const model = make(device, 2);
        const before = await valuesOf(model);
        const bytes = await edited((tensors) => asFloat32(tensors[name], name).fill(value, 1, 2));
        expect(() => importWeights(model, bytes)).toThrow(WeightsError);
        expect(() => importWeights(model, bytes)).toThrow(`${name} holds ${value} (1 of `);
        // Nothing is changed unless everything fits.
        expect(await valuesOf(model)).toEqual(before);
        model.dispose();
      }
    },
  );
});

describe('exportWeights and importWeights', () => {
  test('a trained model, its running statistics included, comes back bit for bit', async () => {
    const device = await sharedDevice();
    const trained = make(device, 1);
    const adam = new Adam();
    const step = compile((x) => {
      const loss = mean(trained.logits(x, { training: true }));
      adam.update(trained.parameters, gradients(loss, trained.parameters), 0.01);
    });
    const images = device.uniform([2, 32, 32, 1], 4);
    await step(images);
    const values = await valuesOf(trained);
    expect(new Set(values['enc1.bn1.running_mean'])).not.toEqual(new Set([0]));
    const bytes = await exportWeights(trained, { epoch: '3' });

    const other = make(device, 2);
    expect(await valuesOf(other)).not.toEqual(values);
    expect(importWeights(other, bytes)).toEqual({ epoch: '3' });
    expect(await valuesOf(other)).toEqual(values);
    expect(await exportWeights(other, { epoch: '3' })).toEqual(bytes);
    step.dispose();
    adam.dispose();
    for (const released of [images, trained, other]) released.dispose();
  });

  test('kernels are written as [out, in, kH, kW], transposed ones as [in, out, kH, kW], all else as it is', async () => {
    const device = await sharedDevice();
    const model = make(device, 1);
    const numbered = (name: string) => {
      const tensor = model.named().find((entry) => entry.name === name)?.tensor ?? expect.unreachable(name);
      tensor.write(Float32Array.from({ length: tensor.size }, (_, i) => i));
      return tensor.shape;
    };
    // Here [out, kH, kW, in] = [4, 3, 3, 2] and [in, kH, kW, out] = [16, 2, 2, 16].
    expect(numbered('enc2.conv1.weight')).toEqual([4, 3, 3, 2]);
    expect(numbered('dec1.up.weight')).toEqual([16, 2, 2, 16]);
    const { tensors } = decodeSafetensors(await exportWeights(model));
    model.dispose();

    const conv = tensors['enc2.conv1.weight'];
    expect(conv.shape).toEqual([4, 2, 3, 3]);
    // Output channel 1, input channel 1, row 2, column 0 lies at ((1·3 + 2)·3 + 0)·2 + 1 here.
    expect(conv.data[((1 * 2 + 1) * 3 + 2) * 3 + 0]).toBe(((1 * 3 + 2) * 3 + 0) * 2 + 1);
    const up = tensors['dec1.up.weight'];
    expect(up.shape).toEqual([16, 16, 2, 2]);
    // Input channel 3, output channel 5, row 1, column 0.
    expect(up.data[((3 * 16 + 5) * 2 + 1) * 2 + 0]).toBe(((3 * 2 + 1) * 2 + 0) * 16 + 5);
    expect(tensors['enc2.bn1.weight'].shape).toEqual([4]);
  });

  test('other float widths are taken, and counts of batches are passed over', async () => {
    const device = await sharedDevice();
    let expected = new Float32Array();
    const bytes = await edited((tensors) => {
      const { shape, data } = tensors['head.weight'];
      expected = Float32Array.from(data as Float32Array);
      tensors['head.weight'] = { dtype: 'F64', shape, data: Float64Array.from(expected) };
      tensors['enc1.bn1.num_batches_tracked'] = { dtype: 'I64', shape: [], data: BigInt64Array.of(12n) };
    });
    const model = make(device, 9);
    importWeights(model, bytes);
    const { tensors } = decodeSafetensors(await exportWeights(model));
    expect(asFloat32(tensors['head.weight'], 'head.weight')).toEqual(expected);
    model.dispose();
  });
});

describe('importWeights refuses, and changes nothing, for', () => {
  const swapShape = (tensors: Record<string, SafetensorsTensor>) =>
    Object.assign(tensors['enc2.conv1.weight'], { shape: [2, 4, 3, 3] });
  const cases: [string, () => Promise<Uint8Array>, RegExp][] = [
    [
      'a file that is none',
      async () => new TextEncoder().encode('<!doctype html><p>404'),
      /Not a whole safetensors file/,
    ],
    ['an empty file', async () => new Uint8Array(), /Not a whole safetensors file: 0 bytes/],
    [
      'a file cut short',
      async () => {
        const whole = await edited(() => {});
        return whole.subarray(0, whole.length - 1);
      },
      /Not a whole safetensors file: tensors take \d+ bytes, and \d+ follow/,
    ],
    [
      'a tensor that is missing',
      () => edited((tensors) => Reflect.deleteProperty(tensors, 'dec1.bn2.running_var')),
      /another model: 1 missing \(dec1\.bn2\.running_var\); use a file/,
    ],
    [
      'a tensor that is unknown',
      () => edited((tensors) => Object.assign(tensors, { 'enc5.conv1.weight': tensors['enc4.conv1.weight'] })),
      /another model: 1 unknown \(enc5\.conv1\.weight\); use a file/,
    ],
    [
      'a tensor under another name',
      () =>
        edited((tensors) => {
          tensors['final.bias'] = tensors['head.bias'];
          delete tensors['head.bias'];
        }),
      /1 missing \(head\.bias\), 1 unknown \(final\.bias\)/,
    ],
    ['a tensor of another shape', () => edited(swapShape), /enc2\.conv1\.weight is 2×4×3×3 in the file and 4×2×3×3 in/],
    [
      'whole numbers where floats belong',
      () =>
        edited((tensors) =>
          Object.assign(tensors, { 'head.bias': { dtype: 'I32', shape: [3], data: Int32Array.of(1, 2, 3) } }),
        ),
      /"head\.bias" holds I32, not floats/,
    ],
  ];

  test.each(cases)('%s', async (_, file, message) => {
    const device = await sharedDevice();
    const model = make(device, 6);
    const before = await valuesOf(model);
    const bytes = await file();
    expect(() => importWeights(model, bytes)).toThrow(message);
    expect(() => importWeights(model, bytes)).toThrow(WeightsError);
    expect(await valuesOf(model)).toEqual(before);
    model.dispose();
  });
});
