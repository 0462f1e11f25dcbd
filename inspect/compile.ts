// Runs in the root of the drivers: compiles kernels, one line of JSON each on standard input, on the present adapter,
// one after another, so that a crash can be laid at the door of one. What the driver prints goes to standard error,
// after a line that says which kernel it is; the layer's report and errors go to file 3.
import { existsSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireGpu } from '#gpu';
import type { Kernel } from './kernel.js';

const report = join(tmpdir(), `pipeline-report-${process.pid}`);
process.env.PIPELINE_REPORT = report;

const say = (message: object) => writeSync(3, `${JSON.stringify(message)}\n`);

async function openAdapter(): Promise<{ gpu: GPUDevice; wait: <T>(begin: () => Promise<T>) => Promise<T> }> {
  const provider = acquireGpu({ experimental: true });
  const adapter = await provider?.wait(() => provider.gpu.requestAdapter());
  if (!provider || !adapter) throw new Error('the driver gives no adapter');
  const wanted = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[];
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = adapter.limits;
  const { maxComputeWorkgroupSizeX, maxStorageBuffersPerShaderStage } = adapter.limits;
  const gpu = await provider.wait(() =>
    adapter.requestDevice({
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits: {
        ...{ maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup },
        ...{ maxComputeWorkgroupSizeX, maxStorageBuffersPerShaderStage },
      },
    }),
  );
  return { gpu, wait: provider.wait };
}

const { gpu, wait } = await openAdapter();
const kernels: Kernel[] = readFileSync(0, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
for (const { name, source, entryPoint } of kernels) {
  say({ begin: name });
  writeSync(2, `\n@@kernel ${JSON.stringify(name)}\n`);
  rmSync(report, { force: true });
  try {
    const module = gpu.createShaderModule({ code: source });
    const { messages } = await wait(() => module.getCompilationInfo());
    const wrong = messages.find(({ type }) => type === 'error');
    if (wrong) throw new Error(`line ${wrong.lineNum}, column ${wrong.linePos}: ${wrong.message}`);
    await wait(() => gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint } }));
    if (!existsSync(report)) throw new Error('the driver reports no statistics');
    const [executable] = JSON.parse(readFileSync(report, 'utf8').trim().split('\n').at(-1) ?? '[]');
    writeSync(2, `\n@@end\n`);
    say({ name, executable });
  } catch (error) {
    say({ name, error: (error as Error).message.split('\n').slice(0, 2).join(' ').trim() });
  }
}
rmSync(report, { force: true });
process.exit(0);
