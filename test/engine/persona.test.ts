import { expect, test, vi } from 'vitest';
import { type PersonaName, personaNamed, personas } from '../../src/engine/persona.js';
import { compile, type Device, matmul, openDevice, softmax } from '../../src/index.js';
import { type KernelVariant, variantsFor } from '../../src/kernels/implicit-gemm/variants.js';
import { openAs, sharedDevice } from '../support/device.js';

const names = Object.keys(personas) as PersonaName[];

async function opened<T>(persona: PersonaName, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await openAs(persona, { tuning: 'none' });
  return use(device).finally(() => device.close());
}

test.each(names)('%s: features and limits are those that it and the driver have, and the driver sees to them', (name) =>
  opened(name, async ({ gpu, info, limits, traits }) => {
    const own = await sharedDevice();
    const persona = personas[name];
    expect(info.software).toBe(false);
    for (const [limit, value] of Object.entries(persona.limits)) {
      const ofDriver = own.limits[limit as keyof GPUSupportedLimits] as number;
      expect(limits[limit as keyof GPUSupportedLimits], limit).toBe(Math.min(value, ofDriver));
    }
    const has = (feature: string) => persona.features.some((one) => one === feature) && own.gpu.features.has(feature);
    expect([...gpu.features].filter((feature) => /f16|subgroups|timestamp/.test(feature)).sort()).toEqual(
      ['shader-f16', 'subgroups', 'timestamp-query'].filter(has),
    );
    expect(traits).toMatchObject({ software: false, subgroups: has('subgroups'), f16: has('shader-f16') });
    // A kernel that asked for more would be rejected here as it would be there.
    gpu.pushErrorScope('validation');
    const words = limits.maxComputeWorkgroupStorageSize / 4 + 1;
    const code = `var<workgroup> much: array<u32, ${words}>;
      @compute @workgroup_size(1) fn main() { much[0] = 1u; }`;
    gpu.createComputePipeline({ layout: 'auto', compute: { module: gpu.createShaderModule({ code }) } });
    expect(await gpu.popErrorScope()).not.toBeNull();
  }),
);

test.each(names)('%s: the range of subgroups holds its own and those that the driver has', (name) =>
  opened(name, async ({ info }) => {
    const [least, most] = info.subgroupSizes ?? [];
    const own = (await sharedDevice()).info.subgroupSizes ?? [];
    expect(least).toBe(Math.min(personas[name].subgroupSizes[0], own[0] ?? 4));
    expect(most).toBe(Math.max(personas[name].subgroupSizes[1], own[1] ?? 128));
  }),
);

test.each(names)('%s: kernels are those of GPUs, of the size that suits the product', (name) =>
  opened(name, async (device) => {
    const first = (rows: number, columns: number): KernelVariant =>
      variantsFor(device.traits, { rows, columns, batch: 1 })[0];
    expect([first(64, 4096), first(512, 512), first(2048, 2048)]).toEqual(['tiled', 'tiled', 'tiled-128']);
    expect(variantsFor(device.traits, { rows: 512, columns: 512, batch: 1 })).not.toContain('lanes');
    // What is chosen is what runs.
    const created = vi.spyOn(device.gpu, 'createShaderModule');
    const run = compile((x) => softmax(matmul(x, x), { axes: [1] }));
    const x = device.tensor(
      Array.from({ length: 9 }, (_, i) => i / 8),
      [3, 3],
    );
    const y = await (await run(x)).data();
    for (let row = 0; row < 3; row++) expect(y[3 * row] + y[3 * row + 1] + y[3 * row + 2]).toBeCloseTo(1, 5);
    const texts = created.mock.calls.map(([{ code }]) => code);
    expect(texts.some((text) => text.includes('enable subgroups'))).toBe(false);
    expect(texts.filter((text) => text.includes('var<workgroup>')).length).toBeGreaterThanOrEqual(1);
  }),
);

test('a name that is none of a persona is refused with those that are', async () => {
  expect(() => personaNamed('toString')).toThrow('the personas are rtx-4090, m1, adreno, intel-xe, no-subgroups.');
  vi.stubEnv('SONDE_PERSONA', 'm2');
  await expect(openDevice()).rejects.toThrow(/^SONDE_PERSONA is "m2"; the personas are /);
  vi.unstubAllEnvs();
});
