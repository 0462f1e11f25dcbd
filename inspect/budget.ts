import { readFile, writeFile } from 'node:fs/promises';
import { budgetWorkloads } from './budget-workloads.js';
import { loadCount } from './figures.js';
import type { Gpu } from './gpus.js';
import { collectKernels, type Inspection, inspectKernels } from './inspect.js';
import { InspectError } from './inspect-error.js';
import { onEach } from './on-each.js';

const FILE = 'inspect/budget.json';

/** Registers, loads in the hot loop, spills. */
type Cost = readonly [registers: number, loads: number, spills: number];

/** What kernels may cost: for each GPU and each label the costs of its kernels, cheapest first. */
interface Budget {
  readonly note: string;
  /** Version of the compilers, as their drivers give it. */
  readonly mesa: string;
  readonly gpus: Readonly<Record<string, Readonly<Record<string, readonly Cost[]>>>>;
}

const NOTE =
  'For each kernel [registers, loads in the hot loop, spills]; written by `npm run inspect -- --update-budget`.';

interface Measured {
  readonly mesa: string;
  readonly costs: Readonly<Record<string, readonly Cost[]>>;
  readonly failures: readonly string[];
}

async function measure(gpu: Gpu): Promise<Measured> {
  const collected = await collectKernels(gpu, await budgetWorkloads());
  const inspection = await inspectKernels(gpu, collected.kernels);
  console.log(`${gpu.name}: ${collected.kernels.length} kernels`);
  return { mesa: collected.mesa, ...costsOf(inspection) };
}

function costsOf({ gpu, kernels }: Inspection): Pick<Measured, 'costs' | 'failures'> {
  const costs: Record<string, Cost[]> = {};
  const failures: string[] = [];
  for (const [name, outcome] of Object.entries(kernels)) {
    const label = name.replace(/ ~\d+$/, '');
    costs[label] ??= [];
    if ('error' in outcome) failures.push(`${gpu}: ${name}: ${outcome.error}`);
    else costs[label].push([outcome.figures.registers, loadCount(outcome.figures.loop), outcome.figures.spills]);
  }
  for (const all of Object.values(costs)) all.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return { costs: Object.fromEntries(Object.entries(costs).sort(([a], [b]) => (a < b ? -1 : 1))), failures };
}

/** Writes what the kernels of these GPUs cost now, and leaves the others' as they are. */
export async function updateBudget(gpus: readonly Gpu[]): Promise<void> {
  const before = await readBudget().catch(() => undefined);
  const measured = await onEach(gpus, measure);
  refuseFailures(measured);
  const fresh = Object.fromEntries(gpus.map((gpu, i) => [gpu.name, measured[i].costs]));
  const budget: Budget = { note: NOTE, mesa: measured[0].mesa, gpus: { ...before?.gpus, ...fresh } };
  // One line for each label, so that a change is read easily.
  const text = JSON.stringify(budget, null, 2).replace(/\[[\s\d,[\]]*\](?=,?\n {4,6}["}])/g, (list) =>
    list.replace(/\s+/g, ''),
  );
  await writeFile(FILE, `${text}\n`);
  console.log(`${FILE} is up to date.`);
}

/**
 * @throws InspectError if a kernel does not compile, spills or costs more than {@link FILE} allows, or is not in it.
 */
export async function checkBudget(gpus: readonly Gpu[]): Promise<void> {
  const budget = await readBudget();
  const measured = await onEach(gpus, measure);
  refuseFailures(measured);
  // The same on most GPUs, as a rule.
  const found = new Map<string, string[]>();
  for (const [i, gpu] of gpus.entries()) {
    const { costs, mesa } = measured[i];
    const allowed = budget.gpus[gpu.name] ?? {};
    const same = mesa === budget.mesa;
    if (!same)
      console.log(`${gpu.name}: ${budget.mesa} made the budget, and this is ${mesa}: only spills are compared.`);
    for (const text of same ? compareCosts(allowed, costs) : newSpills(allowed, costs)) {
      found.set(text, [...(found.get(text) ?? []), gpu.name]);
    }
  }
  if (found.size === 0) return console.log('Every kernel compiles and keeps within its budget.');
  throw new InspectError(
    [
      ...[...found].map(([text, names]) => `${text} (${names.join(', ')})`),
      `If this is meant, run \`npm run inspect -- --update-budget\` and commit ${FILE}.`,
    ].join('\n'),
  );
}

async function readBudget(): Promise<Budget> {
  return JSON.parse(await readFile(FILE, 'utf8'));
}

function refuseFailures(measured: readonly Measured[]): void {
  const failures = measured.flatMap((one) => one.failures);
  if (failures.length > 0) throw new InspectError(['Kernels do not compile:', ...failures].join('\n'));
}

type Costs = Budget['gpus'][string];

/** What costs more than it may, in words. */
export function compareCosts(allowed: Costs, costs: Costs): string[] {
  const labels = [...new Set([...Object.keys(allowed), ...Object.keys(costs)])];
  return labels.flatMap((label) => {
    const [before, now] = [allowed[label] ?? [], costs[label] ?? []];
    if (before.length !== now.length) {
      return [`${label}: ${countOf(now)}, and the budget is for ${before.length}`];
    }
    return NAMES.flatMap((name, i) => {
      const [least, most] = [sorted(before, i), sorted(now, i)];
      const grown = most.findIndex((value, k) => value > least[k]);
      return grown < 0 ? [] : [`${label}: ${most[grown]} ${name}, up from ${least[grown]}`];
    });
  });
}

function countOf({ length }: readonly unknown[]): string {
  return length === 1 ? '1 kernel' : `${length} kernels`;
}

const NAMES = ['registers', 'loads in its hot loop', 'spills'];

function newSpills(allowed: Costs, costs: Costs): string[] {
  return Object.entries(costs).flatMap(([label, all]) => {
    const [known, now] = [allowed[label] ?? [], all].map((list) => list.filter(([, , spills]) => spills > 0).length);
    return now > known ? [`${label}: kernels that spill, ${now}, up from ${known}`] : [];
  });
}

function sorted(costs: readonly Cost[], column: number): number[] {
  return costs.map((cost) => cost[column]).sort((a, b) => a - b);
}
