import { DeviceError } from './errors.js';

/**
 * A GPU as kernels and plans see it: the description of its adapter. For tests, which run on a software driver:
 * worn over that driver's adapter, a persona makes everything be chosen as it would be there.
 */
export interface Persona {
  readonly info: Readonly<Record<'vendor' | 'architecture' | 'description', string>>;
  /** The optional features that the engine asks for, of those that the GPU has. */
  readonly features: readonly string[];
  /** The smallest and the largest number of invocations in a subgroup. */
  readonly subgroupSizes: readonly [least: number, most: number];
  /** Whether it has matrix units for f16 with sums in f32. */
  readonly matrixUnits: boolean;
  readonly limits: Readonly<Record<(typeof PERSONA_LIMITS)[number], number>>;
}

const PERSONA_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

const GiB = 2 ** 30;

/** 1024 invocations in a workgroup, 10 buffers: what Chrome reports for each of these GPUs. */
const gpuLimits = (buffer: number, binding: number, workgroupStorage: number): Persona['limits'] => ({
  maxBufferSize: buffer,
  maxStorageBufferBindingSize: binding,
  maxStorageBuffersPerShaderStage: 10,
  maxComputeWorkgroupStorageSize: workgroupStorage,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
});

/**
 * Limits are the steps of `LIMITS_…` in Dawn's src/dawn/native/Limits.cpp that Chrome rounds these GPUs' own down to.
 * Subgroup sizes: NVIDIA's and Apple's are 32; Adreno 7xx has 64 to 128 and Intel's Xe 8 to 32, as their Vulkan drivers
 * list in VkPhysicalDeviceSubgroupSizeControlProperties. Apple's matrix units do not sum f16 in f32 (Dawn's
 * PhysicalDeviceMTL.mm).
 */
export const personas = {
  'rtx-4090': {
    info: { vendor: 'nvidia', architecture: 'lovelace', description: 'persona rtx-4090' },
    features: ['timestamp-query', 'shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'],
    subgroupSizes: [32, 32],
    matrixUnits: true,
    limits: gpuLimits(2 * GiB, 2 * GiB - 4, 49152),
  },
  m1: {
    info: { vendor: 'apple', architecture: 'metal-3', description: 'persona m1' },
    features: ['timestamp-query', 'shader-f16', 'subgroups'],
    subgroupSizes: [32, 32],
    matrixUnits: false,
    limits: gpuLimits(4 * GiB, 4 * GiB - 4, 32768),
  },
  /** A telephone's: bindings of 128 MiB, the least that WebGPU allows, and no f16. */
  adreno: {
    info: { vendor: 'qualcomm', architecture: 'adreno-7xx', description: 'persona adreno' },
    features: ['timestamp-query', 'subgroups'],
    subgroupSizes: [64, 128],
    matrixUnits: false,
    limits: gpuLimits(GiB, GiB / 8, 32768),
  },
  /** Graphics of a processor, whose driver picks a size of subgroup for each kernel. */
  'intel-xe': {
    info: { vendor: 'intel', architecture: 'gen-12lp', description: 'persona intel-xe' },
    features: ['timestamp-query', 'shader-f16', 'subgroups'],
    subgroupSizes: [8, 32],
    matrixUnits: false,
    limits: gpuLimits(2 * GiB, GiB, 32768),
  },
  /**
   * A browser without subgroups, and without any other optional feature: an adapter that says nothing of itself, as
   * Firefox's, with the limits that WebGPU guarantees (section 3.6.2 of the specification).
   */
  'no-subgroups': {
    info: { vendor: '', architecture: '', description: '' },
    features: [],
    // What an adapter says that does not know.
    subgroupSizes: [4, 128],
    matrixUnits: false,
    limits: {
      maxBufferSize: GiB / 4,
      maxStorageBufferBindingSize: GiB / 8,
      maxStorageBuffersPerShaderStage: 8,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
    },
  },
} satisfies Record<string, Persona>;

export type PersonaName = keyof typeof personas;

/** @throws DeviceError for a name that is none of a persona */
export function personaNamed(name: string): Persona {
  if (Object.hasOwn(personas, name)) return personas[name as PersonaName];
  throw new DeviceError(`SONDE_PERSONA is "${name}"; the personas are ${Object.keys(personas).join(', ')}.`);
}

/**
 * Makes an adapter say what the persona's would. A persona takes away and never adds: features are those that both
 * have, limits the lower ones, and the driver holds the device to them. The range of subgroup sizes is widened to hold
 * those of the driver, so that a kernel which is laid out by it, or looks how large its subgroup is, stays right.
 *
 * Refers to nothing outside itself, since pages get it as text.
 */
export function disguise(adapter: GPUAdapter, persona: Persona): GPUAdapter {
  const { info, limits } = adapter;
  const {
    subgroupMinSize = 4,
    subgroupMaxSize = 128,
    subgroupMatrixConfigs = [],
  } = info as {
    subgroupMinSize?: number;
    subgroupMaxSize?: number;
    subgroupMatrixConfigs?: Iterable<unknown>;
  };
  const features = new Set([...adapter.features].filter((feature) => persona.features.includes(feature)));
  const own: Record<string, number> = persona.limits;
  const properties = {
    info: {
      ...persona.info,
      device: '',
      isFallbackAdapter: false,
      subgroupMinSize: Math.min(subgroupMinSize, persona.subgroupSizes[0]),
      subgroupMaxSize: Math.max(subgroupMaxSize, persona.subgroupSizes[1]),
      subgroupMatrixConfigs: persona.matrixUnits ? [...subgroupMatrixConfigs] : [],
    },
    features,
    limits: new Proxy(limits, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        return typeof name === 'string' && name in own ? Math.min(value, own[name]) : value;
      },
    }),
  };
  for (const [name, value] of Object.entries(properties)) Object.defineProperty(adapter, name, { value });
  return adapter;
}

/** A source of adapters that wear a persona. */
export function withPersona(gpu: GPU, persona: Persona): GPU {
  return Object.assign(Object.create(gpu), {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      return adapter && disguise(adapter, persona);
    },
  });
}
