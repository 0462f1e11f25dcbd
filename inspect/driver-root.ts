import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Gpu } from './gpus.js';
import { InspectError } from './inspect-error.js';

/** What the drivers need besides themselves: kernel devices that do nothing, and what the layer is built with. */
const PACKAGES = ['mesa-drm-shim', 'gcc', 'libc6-dev', 'libvulkan-dev'];

const LAYER = '/opt/sonde/pipeline-report';

const MANIFEST = JSON.stringify({
  file_format_version: '1.0.0',
  layer: {
    ...{ name: 'VK_LAYER_pipeline_report', type: 'GLOBAL', library_path: `${LAYER}.so` },
    ...{ api_version: '1.3.0', implementation_version: '1', description: 'statistics of compute pipelines' },
  },
});

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly printed: string;
}

/** A kernel that a driver has not finished by then never will be. */
const SILENCE_MILLISECONDS = 240_000;

/**
 * Runs a command in the root of the drivers, which is installed at the first call.
 * @param onLine Is given each line of its standard output.
 * @throws InspectError if there can be no such root
 */
async function runInRoot(command: readonly string[], input: string, onLine: (line: string) => void): Promise<Ended> {
  const install = PACKAGES.flatMap((name) => ['--install', name]);
  const child = spawn('bash', ['scripts/driver-root.sh', ...install, ...command], { detached: true });
  let patience: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(patience);
    // The group, since the command is a grandchild.
    patience = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), SILENCE_MILLISECONDS);
  };
  const stop = () => child.pid && process.kill(-child.pid, 'SIGTERM');
  process.once('exit', stop);
  wait();
  const printed: Buffer[] = [];
  child.stderr.on('data', (data) => printed.push(data));
  createInterface({ input: child.stdout }).on('line', (line) => {
    wait();
    onLine(line);
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = await new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, printed: Buffer.concat(printed).toString() }));
  });
  clearTimeout(patience);
  process.removeListener('exit', stop);
  if (ended.code === 3) {
    const sentence = ended.printed.match(/driver-root: .*(cannot|takes|lets).*/)?.[0] ?? ended.printed.trim();
    throw new InspectError(sentence.replace('driver-root: ', 'No compilers here: '), 3);
  }
  return ended;
}

/** Builds the layer that asks the drivers, unless that has been done. */
export async function prepareDrivers(): Promise<void> {
  const source = 'inspect/pipeline-report.c';
  const build = `set -e; mkdir -p ${LAYER.replace(/\/[^/]*$/, '')}; if [ ! ${LAYER}.so -nt ${source} ]; then
    gcc -shared -fPIC -O1 -Wall -o ${LAYER}.so.new ${source}; mv ${LAYER}.so.new ${LAYER}.so; fi
    printf %s '${MANIFEST}' >${LAYER}.json`;
  const { code, printed } = await runInRoot(['sh', '-c', build], '', () => {});
  if (code !== 0) throw new InspectError(`The Vulkan layer ${source} cannot be built: ${printed.trim()}`);
}

/** Runs a script of Node.js on the driver of a GPU, with lines of JSON in both directions. */
export async function runOnGpu(
  gpu: Gpu,
  script: string,
  input: readonly object[],
  onMessage: (message: Record<string, unknown>) => void,
): Promise<Ended> {
  const variables = {
    ...gpu.environment,
    ...{ MESA_SHADER_CACHE_DISABLE: 'true', VK_LAYER_PATH: '/opt/sonde' },
    VK_INSTANCE_LAYERS: 'VK_LAYER_pipeline_report',
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const lines = input.map((one) => `${JSON.stringify(one)}\n`).join('');
  // Honeykrisp prints machine code to standard output, and keeps it for later unless told otherwise. Messages go past
  // it.
  const command = ['sh', '-c', 'exec stdbuf -oL node "$0" 3>&1 1>&2', script];
  return runInRoot([...settings, ...command], lines, (line) => onMessage(JSON.parse(line)));
}
