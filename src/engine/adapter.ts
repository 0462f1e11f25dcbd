import type { DeviceTraits, MatrixShape } from './operation.js';

/** Description of an adapter, as far as it gives one. */
export interface DeviceInfo {
  /** A name such as "NVIDIA H200" or "llvmpipe (LLVM 19.1.7, 256 bits)". */
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly features: readonly string[];
  readonly software: boolean;
  /** Invocations per subgroup where the adapter has only one size. */
  readonly subgroupSize: number | undefined;
  /**
   * The smallest and the largest number of invocations that a subgroup can have; undefined where the adapter does not
   * say.
   */
  readonly subgroupSizes: readonly [least: number, most: number] | undefined;
  /** Products of f16 with sums of f32 that the adapter's matrix units compute, where they are open to this device. */
  readonly matrixShapes: readonly MatrixShape[];
}

const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

const WANTED_FEATURES: readonly GPUFeatureName[] = [
  'timestamp-query',
  'shader-f16',
  'subgroups' as GPUFeatureName,
  SUBGROUP_MATRIX,
];

const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Description of an adapter, in one form for all implementations of WebGPU. */
export function describeAdapter(adapter: Pick<GPUAdapter, 'info' | 'features'>): DeviceInfo {
  const { vendor, architecture, device, description } = adapter.info;
  // Browsers say no more than who made it and of which generation it is.
  const text = [description, device, `${vendor} ${architecture}`.trim()].find(Boolean) ?? 'unknown adapter';
  const software = /llvmpipe|lavapipe|swiftshader/i.test(`${text} ${architecture} ${vendor} ${device}`);
  // In WebGPU's current text and in Dawn, not yet in its type definitions.
  const { subgroupMinSize, subgroupMaxSize } = adapter.info as { subgroupMinSize?: number; subgroupMaxSize?: number };
  const subgroupSize = subgroupMinSize === subgroupMaxSize ? subgroupMinSize : undefined;
  const subgroupSizes: DeviceInfo['subgroupSizes'] =
    subgroupMinSize && subgroupMaxSize ? [subgroupMinSize, subgroupMaxSize] : undefined;
  const features = [...adapter.features].sort();
  const matrixShapes = adapter.features.has(SUBGROUP_MATRIX) ? matrixShapesOf(adapter.info) : [];
  return { description: text, vendor, architecture, features, software, subgroupSize, subgroupSizes, matrixShapes };
}

/** Experimental in Dawn, so not in the type definitions. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

function matrixShapesOf(info: GPUAdapterInfo): MatrixShape[] {
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  return [...subgroupMatrixConfigs].flatMap(({ componentType, resultComponentType, M, N, K }) =>
    componentType === 'f16' && resultComponentType === 'f32' ? [{ m: M, n: N, k: K }] : [],
  );
}

/** The request for a device: the optional features that kernels use and the adapter has, and its limits in full. */
export function deviceDescriptor(adapter: GPUAdapter): GPUDeviceDescriptor {
  return {
    requiredFeatures: WANTED_FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]])),
  };
}

/** Traits of a device by which kernels are chosen. Frozen. */
export function traitsOf({ software, subgroupSize }: DeviceInfo, { features }: GPUDevice): DeviceTraits {
  return Object.freeze({
    software,
    subgroups: features.has('subgroups' as GPUFeatureName),
    f16: features.has('shader-f16'),
    subgroupSize,
  });
}
