/** Lets a device compile something else than it is given. */
export function rewriteKernels(device: GPUDevice, rewrite: (given: GPUShaderModuleDescriptor) => string): void {
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (given) => create({ ...given, code: rewrite(given) });
}
