import { readFile } from 'node:fs/promises';
import { ConfigError, loadConfig } from '../src/train/config/index.js';
import { inspectCommit, readInspections } from './before.js';
import { checkBudget, updateBudget } from './budget.js';
import { chipsNamed } from './chips.js';
import { prepareDrivers } from './driver-root.js';
import { REGISTER_UNITS } from './figures.js';
import { type Gpu, gpusNamed } from './gpus.js';
import { collectKernels, type Inspection, inspectKernels } from './inspect.js';
import { InspectError } from './inspect-error.js';
import type { Kernel } from './kernel.js';
import { onEach } from './on-each.js';
import { CAUTION, predictSteps, printPrediction } from './predict.js';
import { LEGEND, printChanges, printTable, READING } from './table.js';
import { type Precision, type Workload, withPrecision } from './workload.js';

export interface InspectOptions {
  readonly gpu: string;
  readonly config?: string;
  readonly op?: string;
  readonly shape?: string;
  readonly options?: string;
  readonly precision: string;
  readonly wgsl?: string;
  readonly asm?: string;
  readonly against?: string;
  readonly json?: boolean;
  readonly predict?: string;
  readonly checkBudget?: boolean;
  readonly updateBudget?: boolean;
}

/** The command `npm run inspect`. */
export async function runInspect(options: InspectOptions): Promise<void> {
  const gpus = gpusNamed(options.gpu);
  if (options.checkBudget || options.updateBudget) {
    await prepareDrivers();
    await (options.updateBudget ? updateBudget(gpus) : checkBudget(gpus));
    return;
  }
  if (options.predict !== undefined) {
    chipsNamed(options.predict);
    const workloads = options.wgsl === undefined ? await workloadsOf(options) : [];
    await prepareDrivers();
    const predictions = await predictSteps(options.predict, workloads, progress(options));
    if (options.json) console.log(JSON.stringify(predictions, null, 1));
    else console.log([...predictions.map(printPrediction), CAUTION].join('\n\n'));
    return;
  }
  const kernels = options.wgsl === undefined ? undefined : await kernelsOfFile(options.wgsl);
  const workloads = kernels ? [] : await workloadsOf(options);
  await prepareDrivers();
  const now = await onEach(gpus, async (gpu) =>
    inspectKernels(gpu, kernels ?? (await collectKernels(gpu, workloads)).kernels, progress(options)),
  );
  const before = options.against === undefined ? undefined : await inspectionsBefore(options.against, gpus, workloads);
  if (options.json) console.log(JSON.stringify(now, null, 1));
  else print(options, gpus, now, before);
  const failed = now.flatMap(({ gpu, kernels: all }) =>
    Object.entries(all).flatMap(([name, outcome]) => ('error' in outcome ? [`${name} on ${gpu}`] : [])),
  );
  if (failed.length > 0) throw new InspectError(`Not compiled: ${failed.join(', ')}.`);
}

function progress({ json }: InspectOptions) {
  const shown = process.stderr.isTTY && !json;
  return (gpu: Gpu, text: string) => {
    if (shown) process.stderr.write(`\r\x1b[K${gpu.name}: ${text}`);
  };
}

function print(
  { asm }: InspectOptions,
  gpus: readonly Gpu[],
  now: readonly Inspection[],
  before: readonly Inspection[] | undefined,
): void {
  for (const [i, inspection] of now.entries()) {
    const { description, compiler } = gpus[i];
    console.log(`\n${inspection.gpu}: ${description}, compiler ${compiler}, ${REGISTER_UNITS[compiler]}`);
    if (asm !== undefined) console.log(printCode(inspection, asm));
    else if (before) console.log(printChanges(before.find(({ gpu }) => gpu === inspection.gpu) ?? nothing, inspection));
    else console.log(printTable(inspection));
  }
  if (asm === undefined && !before) console.log(`\n${LEGEND}`);
  console.log(`\n${READING}`);
}

const nothing: Inspection = { gpu: '', kernels: {} };

function printCode({ kernels }: Inspection, wanted: string): string {
  const found = Object.entries(kernels).filter(([name]) => name === wanted || name.startsWith(`${wanted} ~`));
  if (found.length === 0) {
    throw new InspectError(`There is no kernel "${wanted}"; there are ${Object.keys(kernels).join(', ')}.`);
  }
  return found
    .map(([name, outcome]) => {
      if ('error' in outcome) return `${name}: ${outcome.error}`;
      return [`${name}${outcome.figures.loop.whole ? ' (no loop)' : ''}:`, ...outcome.figures.loop.code].join('\n');
    })
    .join('\n\n');
}

async function inspectionsBefore(against: string, gpus: readonly Gpu[], workloads: readonly Workload[]) {
  if (/\.json$/.test(against)) return readInspections(against);
  if (workloads.length === 0) {
    throw new InspectError(
      'A WGSL file is compared with what --json wrote for an earlier one; give --against FILE.json.',
    );
  }
  return inspectCommit(against, gpus, workloads);
}

/** The compute entry points of a WGSL file. */
async function kernelsOfFile(file: string): Promise<Kernel[]> {
  const source = await readFile(file, 'utf8').catch((error) => {
    throw new InspectError(`${file} cannot be read: ${error.message}`);
  });
  const code = source.replace(/\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
  const names = [...code.matchAll(/@compute\b[^{};]*?\bfn\s+(\w+)/g)].map(([, name]) => name);
  if (names.length === 0) throw new InspectError(`${file} has no compute entry point (@compute … fn main).`);
  return names.map((entryPoint) => ({ name: entryPoint, source, entryPoint }));
}

async function workloadsOf(options: InspectOptions): Promise<Workload[]> {
  const precisions = options.precision.split(',').map((name): Precision => {
    if (name === 'f32' || name === 'mixed') return name;
    throw new InspectError(`The precision is "${name}"; give f32, mixed, or both with a comma between them.`);
  });
  const { op: name, shape } = options;
  if (name !== undefined) {
    const shapes = shapesOf(shape ?? '');
    const given = jsonOf(options.options ?? '{}');
    return precisions.map((precision) => ({ kind: 'operation', name, shapes, precision, options: given }));
  }
  const file = options.config ?? 'configs/paper.json';
  const config = await loadConfig(file).catch((error) => {
    throw error instanceof ConfigError ? new InspectError(error.message) : error;
  });
  return precisions.map((precision) => ({
    kind: 'config',
    name: `${file} in ${precision}`,
    config: withPrecision(config, precision),
  }));
}

function shapesOf(text: string): number[][] {
  const shapes = text.split(',').map((shape) => shape.split(/[x×]/).map(Number));
  if (shapes.flat().every((extent) => Number.isInteger(extent) && extent > 0)) return shapes;
  throw new InspectError(
    `The shapes are "${text}"; give --shape the extents of each input, as in 8x64x64x64,128x3x3x64.`,
  );
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    throw new InspectError(`The options are ${text}; give JSON, as in {"stride":2}.`);
  }
}
