// Asks Dawn for a WebGPU adapter and prints its name. Exits with 3 where the machine has none, and with 1 where Dawn
// itself cannot be loaded.
import { create } from 'webgpu';

// Held to the end: Dawn must not be collected while it answers.
const gpu = create([]);
const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
if (adapter !== null) {
  const { vendor, architecture, device, description } = adapter.info;
  console.log(description || [vendor, architecture, device].filter(Boolean).join(' '));
}
// Dawn keeps the process alive otherwise.
process.exit(adapter === null ? 3 : 0);
