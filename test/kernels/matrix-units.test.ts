import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import type { Lowering, MatrixShape, MatrixUnit, Value } from '../../src/engine/operation.js';
import type { Shape } from '../../src/engine/shape.js';
import { tuningKey, variantsOf } from '../../src/engine/tuning.js';
import {
  cast,
  compile,
  type Device,
  findMatrixUnits,
  type Operation,
  openDevice,
  type Tensor,
} from '../../src/index.js';
import {
  conv2dOperation,
  convInputGradientOperation,
  convWeightGradientOperation,
} from '../../src/kernels/conv2d/conv2d.js';
import type { Pair } from '../../src/kernels/conv2d/geometry.js';
import { lowerConvolution } from '../../src/kernels/conv2d/implicit-gemm.js';
import { variantsFor } from '../../src/kernels/implicit-gemm/variants.js';
import { matmul, matmulOperation } from '../../src/kernels/matmul/matmul.js';
import { sharedDevice } from '../support/device.js';

const one: Pair = [1, 1];
const padded = { stride: one, padding: one, dilation: one, groups: 1 };

// What the drivers of NVIDIA, AMD, Intel and Apple list, with the sizes that their subgroups have, and lavapipe's.
const listed: [vendor: string, subgroupSizes: number[], shape: MatrixShape][] = [
  ['NVIDIA', [32], { m: 16, n: 16, k: 16 }],
  ['NVIDIA', [32], { m: 16, n: 8, k: 16 }],
  ['NVIDIA', [32], { m: 16, n: 8, k: 8 }],
  ['AMD', [32, 64], { m: 16, n: 16, k: 16 }],
  ['Intel', [8, 16, 32], { m: 8, n: 16, k: 16 }],
  ['Intel', [8, 16, 32], { m: 8, n: 8, k: 16 }],
  ['Apple', [32], { m: 8, n: 8, k: 8 }],
  ['lavapipe', [8], { m: 8, n: 8, k: 8 }],
];
const variants = ['matrix', 'matrix-128', 'matrix-k32', 'matrix-128-k32'] as const;

test('kernels for matrix units are WGSL, whatever the shape', () => {
  const sources = listed.flatMap(([, sizes, shape]) =>
    sizes.flatMap((subgroupSize) => kernelSources({ ...shape, subgroupSize, sizeVaries: sizes.length > 1 })),
  );
  const script = fileURLToPath(new URL('../support/type-check-wgsl.mjs', import.meta.url));
  // One that is wrong shows that errors would be seen.
  const input = JSON.stringify([...sources, 'fn f() -> f16 { return 1.0h; }']);
  const errors = JSON.parse(execFileSync(process.execPath, [script], { input, encoding: 'utf8' })) as string[][];
  expect(errors.pop()).not.toEqual([]);
  expect(errors.flat()).toEqual([]);
  expect(errors.length).toBeGreaterThan(100);
});

/** The text of every kernel that multiplies on matrix units, as it would run on such an adapter. */
function kernelSources(matrix: MatrixUnit): string[] {
  const sources = new Set<string>();
  const value = (shape: Shape, dtype: 'f16' | 'f32' = 'f16'): Value => ({ id: 0, shape, dtype });
  const lowering: Lowering = {
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxComputeWorkgroupStorageSize: 49152 } as GPUSupportedLimits,
    adapter: { software: false, subgroups: true, subgroupSize: undefined, f16: true, matrix },
    variant: undefined,
    scratch: (shape, dtype = 'f32') => ({ id: 0, shape, dtype }),
    constant: ({ length }) => ({ id: 0, shape: [length], dtype: 'u32' }),
    reshape: ({ id, dtype }, shape) => ({ id, shape, dtype }),
    dispatch: ({ source }) => sources.add(source),
  };
  for (const variant of variants) {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, true],
    ]) {
      const attributes = { transposeA, transposeB, variant };
      matmulOperation.lower(lowering, [value([64, 64]), value([64, 64])], [value([64, 64])], attributes);
    }
    for (const channels of [64, 3]) {
      const [image, weight] = [value([1, 8, 8, channels]), value([channels, 3, 3, channels], 'f32')];
      const attributes = { ...padded, variant };
      conv2dOperation.lower(lowering, [image, weight], [image], attributes);
      const [mean, variance] = [value([channels], 'f32'), value([channels], 'f32')];
      for (const epilogue of [{ relu: true }, { statistics: { mean, variance } }]) {
        lowerConvolution(lowering, [image, weight], [image], attributes, epilogue);
      }
      convInputGradientOperation.lower(lowering, [image, weight], [image], { ...attributes, inputSize: [8, 8] });
      convWeightGradientOperation.lower(lowering, [image, image], [weight], { ...attributes, kernelSize: [3, 3] });
    }
  }
  return [...sources].filter((source) => source.includes('subgroup_matrix'));
}

test('without matrix units the reason is told, and variants for them are refused', async () => {
  const device = await sharedDevice();
  const { units, reason, struck } = await findMatrixUnits(device);
  expect({ units, struck }).toEqual({ units: undefined, struck: [] });
  expect(reason).toMatch(/no f16|lists none/);
  const asked = matmul(device.zeros([4, 4]), device.zeros([4, 4]), { variant: 'matrix' });
  await expect(asked.data()).rejects.toThrow(/needs matrix units.*matrixUnits, see findMatrixUnits/);
});

test('units of another device are refused', async () => {
  const device = await sharedDevice();
  const matrixUnits = { m: 16, n: 16, k: 16, subgroupSize: 32, sizeVaries: false };
  const product = compile((x: Tensor) => matmul(x, x), { matrixUnits });
  await expect(product(device.zeros([4, 4]))).rejects.toThrow(
    /matrixUnits is 16×16×16, and this device has .*; pass the/,
  );
});

test('with them, they come first for f16 and never for f32', () => {
  const matrix = { m: 16, n: 16, k: 16, subgroupSize: 32, sizeVaries: false };
  const adapter = { software: false, subgroups: true, subgroupSize: 32, f16: true, matrix };
  const extent = { rows: 2048, columns: 2048, batch: 1 };
  expect(variantsFor(adapter, { ...extent, dtype: 'f16' })).toEqual([
    ...['matrix-128', 'matrix', 'matrix-128-k32', 'matrix-k32'],
    ...['tiled-128', 'tiled'],
  ]);
  expect(variantsFor(adapter, extent)).toEqual(['tiled-128', 'tiled']);
});

/**
 * A device of a driver that lists such matrix units, played by the software driver: kernels for them come out as the
 * product on vectors that `compiled` makes of their shape, or as what the driver cannot compile.
 */
async function driverWithUnits(
  shapes: readonly MatrixShape[],
  compiled: (k: number) => 'right' | 'wrong' | 'nothing',
): Promise<Device> {
  const device = await openDevice({ tuning: 'none' });
  Object.assign(device.info, { matrixShapes: [...shapes], subgroupSizes: [32, 32] });
  const create = device.gpu.createShaderModule.bind(device.gpu);
  vi.spyOn(device.gpu, 'createShaderModule').mockImplementation((descriptor) => {
    const k = /subgroup_matrix_left<f16, (\d+)/.exec(descriptor.code)?.[1];
    if (k === undefined) return create(descriptor);
    const outcome = compiled(Number(k));
    return create({ ...descriptor, code: outcome === 'nothing' ? 'not WGSL' : plainProduct(descriptor.code, outcome) });
  });
  return device;
}

/** The bindings of matmul.tiled.wgsl and, instead of its tiles, one invocation that makes a whole tile. */
function plainProduct(source: string, outcome: 'right' | 'wrong'): string {
  const start = source.indexOf('struct Uniforms');
  const bindings = source.slice(start, source.indexOf('fn ', start));
  const extent = /firstRow = group\.y \* (\d+)u/.exec(source)?.[1] ?? '0';
  const transposed = source.includes('k0_0 * uniforms.rows');
  const a = transposed ? 'k * uniforms.rows + row' : 'row * uniforms.depth + k';
  const b = transposed ? 'column * uniforms.depth + k' : 'k * uniforms.columns + column';
  return `enable f16;
${bindings}
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  for (var row = group.y * ${extent}u; row < min(group.y * ${extent}u + ${extent}u, uniforms.rows); row++) {
    for (var column = group.x * ${extent}u; column < min(group.x * ${extent}u + ${extent}u, uniforms.columns); column++) {
      var sum = 0.0;
      for (var k = 0u; k < uniforms.depth ${outcome === 'wrong' ? '- 1u' : ''}; k++) {
        let a = ${a};
        let b = ${b};
        sum += f32(matrixA[a / 4u][a % 4u]) * f32(matrixB[b / 4u][b % 4u]);
      }
      let at = row * uniforms.columns + column;
      matrixC[at / 4u][at % 4u] = f16(sum);
    }
  }
}`;
}

describe.skipIf(!(await sharedDevice()).traits.f16)('a driver that lists shapes', () => {
  const [large, small] = [
    { m: 16, n: 16, k: 16 },
    { m: 16, n: 16, k: 8 },
  ];

  test('has the largest used where it is computed rightly', async () => {
    const device = await driverWithUnits([small, large], () => 'right');
    const { units, struck } = await findMatrixUnits(device);
    expect({ units, struck }).toEqual({ units: { ...large, subgroupSize: 32, sizeVaries: false }, struck: [] });
    device.close();
  }, 300_000);

  test('changes only programs that are compiled with its units, which are tuned by themselves', async () => {
    const device = await driverWithUnits([large], () => 'right');
    const { traits } = device;
    const { units } = await findMatrixUnits(device);
    if (!units) throw new Error('no units were found');
    expect(device.traits).toBe(traits);
    expect(() => Object.assign(traits, { f16: false })).toThrow(TypeError);

    const ones = device.tensor(new Float32Array(64).fill(1), [8, 8], 'f16');
    const modules = vi.mocked(device.gpu.createShaderModule);
    const onUnits = () => modules.mock.calls.some(([{ code }]) => code.includes('subgroup_matrix_left'));
    modules.mockClear();
    const programs = [{ device }, { device, matrixUnits: units }].map((options) =>
      compile((x: Tensor) => matmul(x, x, { transposeA: true }), options),
    );
    const variants: string[][] = [];
    for (const [i, program] of programs.entries()) {
      expect(onUnits(), 'before').toBe(false);
      const { adapter, nodes } = await program.trace(ones);
      const product = nodes.filter(({ operation }) => operation === (matmulOperation as Operation));
      variants.push(product.flatMap((node) => variantsOf(node, adapter)));
      expect(product.map((node) => tuningKey(node, adapter).includes('16×16×16'))).toEqual([i === 1]);
    }
    expect(variants.map((names) => names.includes('matrix'))).toEqual([false, true]);
    expect(onUnits(), 'the program with units').toBe(true);
    modules.mockClear();
    await matmul(ones, ones, { transposeB: true }).data();
    await compile((x: Tensor) => matmul(x, cast(x, 'f32')), { device })(ones);
    expect(onUnits(), 'what is computed afterwards').toBe(false);
    device.close();
  }, 300_000);

  test('and miscompiles one has that struck off, told, and the next used', async () => {
    const device = await driverWithUnits([large, small], (k) => (k === 16 ? 'wrong' : 'right'));
    const { units, struck } = await findMatrixUnits(device);
    expect(units).toMatchObject(small);
    expect(struck).toEqual([
      expect.stringMatching(
        /^matrix units of 16×16×16 were struck off: a product differs by [\d.e-]+ of its largest value\.$/,
      ),
    ]);
    device.close();
  }, 300_000);

  test('and compiles none leaves products to vectors, and the device goes on', async () => {
    const device = await driverWithUnits([large, small], () => 'nothing');
    const { units, reason, struck } = await findMatrixUnits(device);
    expect({ units, reason }).toEqual({ units: undefined, reason: 'every shape failed its test' });
    expect(struck).toHaveLength(2);
    expect(struck[1]).toMatch(/16×16×8 were struck off: matmul: the driver rejected the kernel/);
    const ones = device.tensor([1, 1, 1, 1], [2, 2], 'f16');
    expect(Array.from(await matmul(ones, ones).data())).toEqual([2, 2, 2, 2]);
    device.close();
  }, 300_000);

  test('and is lost meanwhile ends with that, not with shapes struck off', async () => {
    const device = await driverWithUnits([large, small], () => 'right');
    device.gpu.destroy();
    await device.gpu.lost;
    await expect(findMatrixUnits(device)).rejects.toThrow(/the device was lost/);
    device.close();
  });
});
