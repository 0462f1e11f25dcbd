import { describe, expect, it } from 'vitest';
import { asFloat32, decodeSafetensors, encodeSafetensors } from '../../src/model/safetensors.js';
import { halveWeights } from '../../src/model/weights.js';

describe('halveWeights', () => {
  it('halves kernels and leaves everything else, the metadata too', () => {
    const kernel = Float32Array.from([1 / 3, -2, 1e-9, 60_000]);
    const file = encodeSafetensors(
      {
        weight: { dtype: 'F32', shape: [1, 2, 2, 1], data: kernel },
        running_var: { dtype: 'F32', shape: [2], data: Float32Array.from([1e6, 1e-9]) },
        far: { dtype: 'F32', shape: [1, 1, 1, 1], data: Float32Array.of(70_000) },
        count: { dtype: 'I64', shape: [1], data: BigInt64Array.of(7n) },
      },
      { epoch: '12' },
    );
    const { tensors, metadata } = decodeSafetensors(halveWeights(file));
    expect(metadata).toEqual({ epoch: '12' });
    expect(tensors.weight).toMatchObject({ dtype: 'F16', shape: [1, 2, 2, 1] });
    expect([...asFloat32(tensors.weight)]).toEqual([0.333251953125, -2, 0, 60_000]);
    // Half of the bytes, but for headers and what stays.
    expect(tensors.weight.data.byteLength).toBe(kernel.byteLength / 2);
    expect(tensors.running_var).toEqual(decodeSafetensors(file).tensors.running_var);
    expect(tensors.far.dtype).toBe('F32');
    expect(tensors.count).toEqual(decodeSafetensors(file).tensors.count);
  });
});
