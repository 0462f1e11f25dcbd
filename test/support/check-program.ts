import { Planner } from '../../src/engine/plan.js';
import { Program } from '../../src/engine/program.js';
import type { Tensor } from '../../src/index.js';

/**
 * Runs what tensors of a device in checked mode depend on as a compiled function runs it: chains and epilogues fused,
 * which checked mode by itself does not do.
 * @returns The names of the operations that ran.
 * @throws NumericError for what checked mode finds
 */
export async function checkFused(outputs: readonly Tensor[]): Promise<string[]> {
  const [{ device }] = outputs;
  const plan = new Planner({ device, arguments: [], outputs, effects: new Map(), fuse: true }).build();
  const program = new Program(device, plan);
  try {
    program.build();
    program.link();
    const encoder = device.gpu.createCommandEncoder();
    program.encode(encoder);
    device.submit(encoder);
    program.reportStatus(await program.readStatus(), 1);
  } finally {
    program.dispose();
  }
  return plan.nodes.map(({ operation }) => operation.name);
}
