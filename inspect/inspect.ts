import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { runOnGpu } from './driver-root.js';
import { type Figures, figuresOf } from './figures.js';
import type { Gpu } from './gpus.js';
import { InspectError } from './inspect-error.js';
import { type Executable, type Kernel, nameKernels } from './kernel.js';
import type { Dispatched } from './model-of-time.js';
import type { Workload } from './workload.js';

/** What became of a kernel: figures, or why there are none. */
export type Outcome = { readonly figures: Figures } | { readonly error: string };

/** Kernels of one GPU by name, in the order in which they were met. */
export interface Inspection {
  readonly gpu: string;
  readonly kernels: Readonly<Record<string, Outcome>>;
}

export type Progress = (gpu: Gpu, text: string) => void;

export interface Collection {
  readonly kernels: readonly Kernel[];
  /** What a training step of each precision consists of, in order. */
  readonly steps: Readonly<Record<string, StepPlan>>;
  /** Version of the driver. */
  readonly mesa: string;
}

export interface StepPlan {
  readonly dispatches: readonly Dispatched[];
  /** Bytes of each copy. */
  readonly copies: readonly number[];
}

/** The kernels that the engine runs workloads with on a GPU. */
export async function collectKernels(
  gpu: Gpu,
  workloads: readonly Workload[],
  { bundles = 'dist-inspect', note = (() => {}) as Progress } = {},
): Promise<Collection> {
  let mesa = '';
  const found: { label: string; source: string }[] = [];
  const commands: {
    part: string;
    kernel?: number;
    copied?: number;
    workgroups: number;
    flops: number;
    bytes: number;
  }[] = [];
  let failure: string | undefined;
  const options = { matrixSubgroup: gpu.matrixSubgroup };
  const ended = await runOnGpu(gpu, `${bundles}/collect.js`, [options, ...workloads], (message) => {
    if ('source' in message) found.push(message as { label: string; source: string });
    if ('part' in message) commands.push(message as (typeof commands)[number]);
    if (typeof message.device === 'string') mesa = message.device.match(/Mesa \d\S*/)?.[0] ?? message.device;
    if ('workload' in message) note(gpu, `what ${message.workload} runs`);
    if ('failed' in message) failure ??= `${message.failed}: ${message.error}`;
  });
  if (failure) throw new InspectError(failure);
  if (ended.code !== 0) {
    const last = ended.printed.trim().split('\n').slice(-3).join(' ');
    throw new InspectError(`The engine found no kernels on ${gpu.name} (${ended.signal ?? ended.code}): ${last}`);
  }
  const kernels = nameKernels(found);
  const steps: Record<string, { dispatches: Dispatched[]; copies: number[] }> = {};
  for (const { part, kernel, copied, workgroups, flops, bytes } of commands) {
    steps[part] ??= { dispatches: [], copies: [] };
    if (copied !== undefined) steps[part].copies.push(copied);
    if (kernel === undefined) continue;
    const { name, source } = kernels[kernel];
    steps[part].dispatches.push({ kernel: name, workgroups, size: workgroupSize(source), flops, bytes });
  }
  return { mesa, kernels, steps };
}

/** Invocations of a workgroup. */
function workgroupSize(source: string): number {
  const extents = source.match(/@workgroup_size\(([\d, u]+)\)/)?.[1];
  if (extents === undefined) throw new InspectError('A kernel of the engine has a workgroup size that is no number.');
  return extents.split(',').reduce((size, extent) => size * Number.parseInt(extent, 10), 1);
}

/**
 * Compiles kernels for a GPU. A kernel that does not compile, or that the driver crashes with, is reported as such, and
 * the others go on. What was compiled before with the same tool is taken from the user's cache folder.
 */
export async function inspectKernels(
  gpu: Gpu,
  kernels: readonly Kernel[],
  note: Progress = () => {},
): Promise<Inspection> {
  const made = new Map<string, Made>();
  const keys = new Map(
    await Promise.all(kernels.map(async (kernel) => [kernel.name, await keyOf(gpu, kernel)] as const)),
  );
  for (const [name, key] of keys) {
    const known = await load(key);
    if (known) made.set(name, known);
  }
  let left = kernels.filter(({ name }) => !made.has(name));
  while (left.length > 0) {
    const done = await compileRun(gpu, left.slice(0, RUN), (name) =>
      note(gpu, `${name} (${made.size + 1}/${kernels.length})`),
    );
    for (const [name, one] of done) {
      made.set(name, one);
      const key = keys.get(name);
      if (key && 'executable' in one) await save(key, one);
    }
    left = left.filter(({ name }) => !done.has(name));
  }
  const outcomes = kernels.map(({ name }) => [name, outcomeOf(gpu, made.get(name))] as const);
  return { gpu: gpu.name, kernels: Object.fromEntries(outcomes) };
}

function outcomeOf({ compiler }: Gpu, made: Made | undefined): Outcome {
  if (!made || 'error' in made) return made ?? { error: 'it was not compiled' };
  try {
    return { figures: figuresOf(compiler, made.executable, made.printed) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** What came of compiling a kernel. */
type Made = { readonly executable: Executable; readonly printed: string } | { readonly error: string };

/** Kernels that a process compiles: what an interruption loses. */
const RUN = 16;

/**
 * Compiles in one process until all are done or the driver crashes, which is the outcome of the kernel that it was at.
 */
async function compileRun(
  gpu: Gpu,
  kernels: readonly Kernel[],
  begun: (name: string) => void,
): Promise<Map<string, Made>> {
  const reports = new Map<string, { executable: Executable } | { error: string }>();
  let current: string | undefined;
  const ended = await runOnGpu(gpu, 'dist-inspect/compile.js', kernels, (message) => {
    if (typeof message.begin === 'string') {
      current = message.begin;
      begun(current);
    } else if (typeof message.name === 'string') {
      reports.set(message.name, message as { executable: Executable } | { error: string });
    }
  });
  if (current === undefined) {
    const last = ended.printed.trim().split('\n').slice(-3).join(' ');
    throw new InspectError(`The driver for ${gpu.name} does not start (${ended.signal ?? ended.code}): ${last}`);
  }
  if (!reports.has(current)) {
    // Bash gives 128 and the signal's number for a command that a signal ended.
    const how = ended.signal === 'SIGKILL' ? 'the driver did not finish' : 'the driver crashed';
    reports.set(current, { error: `${how} while compiling it (${ended.signal ?? `exit code ${ended.code}`})` });
  }
  const printed = new Map(
    ended.printed
      .split('\n@@kernel ')
      .slice(1)
      .map((part) => [JSON.parse(part.slice(0, part.indexOf('\n'))) as string, part.split('\n@@end')[0]]),
  );
  return new Map(
    [...reports].map(([name, report]): [string, Made] => {
      if ('error' in report) return [name, report];
      // What a driver prints is megabytes, and needed only where it has no other way to tell.
      const told = Object.keys(report.executable.code).length > 0;
      return [name, { executable: report.executable, printed: told ? '' : (printed.get(name) ?? '') }];
    }),
  );
}

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sonde', 'inspect');

let tool: Promise<string> | undefined;

/** Of everything that the result depends on, but the drivers' version: what the root holds stays there. */
async function keyOf(gpu: Gpu, { source, entryPoint }: Kernel): Promise<string> {
  const parts = ['dist-inspect/compile.js', 'inspect/pipeline-report.c'];
  tool ??= Promise.all(parts.map((file) => readFile(file, 'utf8'))).then(String);
  const all = [await tool, gpu.name, JSON.stringify(gpu.environment), entryPoint, source];
  return createHash('sha256').update(all.join('\0')).digest('hex');
}

async function load(key: string): Promise<Made | undefined> {
  const packed = await readFile(join(cache, `${key}.gz`)).catch(() => undefined);
  return packed && JSON.parse(gunzipSync(packed).toString());
}

async function save(key: string, made: Made): Promise<void> {
  const path = join(cache, `${key}.gz`);
  const temporary = `${path}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  await writeFile(temporary, gzipSync(JSON.stringify(made)));
  await rename(temporary, path);
}
