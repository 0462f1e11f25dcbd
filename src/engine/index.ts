export type { DeviceInfo } from './adapter.js';
export { cast, reshape } from './basic-operations.js';
export {
  type Argument,
  type ArgumentsFor,
  type Compiled,
  compile,
  type ProgramStatistics,
  type ProgramTrace,
} from './compile.js';
export type { CompileOptions } from './compiled-entry.js';
export type { Checked, Device } from './device.js';
export { assign } from './effects.js';
export * from './errors.js';
export type { FusionGroup, FusionMember } from './fusion.js';
export { Generator } from './generator.js';
export { gradients } from './gradient.js';
export { checkpoint, type Node, record, scope } from './graph.js';
export { linearGrid } from './grid.js';
export { type FromBufferOptions, fromBuffer, type ToBufferOptions, toBuffer } from './interop.js';
export { type DeviceOptions, openDevice } from './open-device.js';
export type { Operands } from './operands.js';
export type {
  Absorption,
  AdapterTraits,
  DeviceTraits,
  Dispatch,
  GradientCall,
  Lowering,
  MatrixShape,
  MatrixUnit,
  Operation,
  Value,
} from './operation.js';
export { type DispatchTime, formatProfile, type Profile } from './profile.js';
export type { ProgramMemory } from './program.js';
export { type RandomSource, randomBernoulli, randomNormal, randomUniform } from './random.js';
export type { RandomKey } from './random-key.js';
export {
  broadcastShapes,
  type DType,
  formatShape,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
  type TensorSpec,
} from './shape.js';
export { type ArrayOf, type Arrays, Tensor, type TensorOf } from './tensor.js';
export type { Tuning, TuningEntry, TuningStore } from './tuning.js';
export type { Values } from './values.js';
export {
  type Constants,
  type Kernel,
  type KernelOptions,
  kernel,
  type UniformFields,
  type Uniforms,
  type UniformType,
  type UniformValues,
  uniforms,
} from './wgsl/index.js';
