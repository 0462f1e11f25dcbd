import type { BrowserContext } from 'playwright';
import { disguise, type Persona, type PersonaName, personas } from '../../src/engine/persona.js';

/** Lets every adapter that the context's pages are given wear a persona. What the pages load knows nothing of it. */
export async function wearPersona(context: BrowserContext, name: PersonaName): Promise<void> {
  const install = (wear: typeof disguise, persona: Persona) => {
    const request = GPU.prototype.requestAdapter;
    GPU.prototype.requestAdapter = async function (...args) {
      const adapter = await request.apply(this, args);
      return adapter && wear(adapter, persona);
    };
  };
  await context.addInitScript(`(${install})(${disguise}, ${JSON.stringify(personas[name])});`);
}

/** Lets the context's pages keep the text of every kernel that they make, for {@link kernelsOf}. */
export function keepKernels(): void {
  const kernels = new Set<string>();
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    kernels.add(descriptor.code);
    return create.call(this, descriptor);
  };
  Object.assign(globalThis, { kernels });
}
