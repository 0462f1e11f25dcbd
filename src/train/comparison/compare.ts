import { join } from 'node:path';
import { type Device, SondeError } from '../../index.js';
import type { TrainingConfig } from '../config/index.js';
import { loadNetworkFrames, type NetworkFrame, readDataset } from '../dataset/index.js';
import { evaluate, hashFrames, hashWeights } from '../evaluate/index.js';
import { canResume, runTraining } from '../loop/index.js';
import { buildModel } from '../predict/build.js';
import type { ProgressStream } from '../progress/index.js';
import {
  describeRunEnvironment,
  readMetricsFile,
  type SplitMetrics,
  withGuard,
  writeFileAtomically,
} from '../run-folder/index.js';
import { differencesFromPaper } from './differences.js';
import { conclusionOf, paperOrders, titleOf } from './order.js';
import type { ComparedModel, ComparedRun, Comparison } from './schema.js';
import { quantisationOf, summarizeRuns } from './summary.js';
import { comparisonCsv, comparisonMarkdown } from './table.js';

/** Runs that cannot be compared. */
export class ComparisonError extends SondeError {
  override name = 'ComparisonError';
}

export interface ComparisonInput {
  readonly device: Device;
  /** Folder in the IUGC 2025 layout, with all three splits. */
  readonly data: string;
  /** What is compared, under a name each that can name a folder. */
  readonly configurations: readonly { readonly name: string; readonly config: TrainingConfig }[];
  /** What each is trained with in turn, in place of its own `training.seed`. */
  readonly seeds: readonly number[];
  /** Folder for the runs and the results. */
  readonly out: string;
  /** Where progress is shown. */
  readonly stream: ProgressStream;
  /** Stops after the step that is under way, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Trains several configurations with several seeds on one data set, scores each run on its test split, and writes
 * `comparison.json`, `.csv` and `.md` into `out`. Runs that are there already are gone on with, or taken as they are
 * where they are finished; a run of other settings or other frames is an error.
 *
 * @throws ComparisonError for a comparison that compares nothing; RunFolderError where another process compares there;
 *   and as `runTraining` and `evaluate`
 */
export async function compare(input: ComparisonInput): Promise<Comparison> {
  checkInput(input);
  return withGuard(input.out, { doing: 'comparing', create: true }, () => compareGuarded(input));
}

async function compareGuarded(input: ComparisonInput): Promise<Comparison> {
  const { device, data, configurations, seeds, out } = input;
  const counts = {
    train: (await readDataset(data, 'train')).length,
    validation: (await readDataset(data, 'validation')).length,
    test: (await readDataset(data, 'test')).length,
  };
  const models: ComparedModel[] = [];
  const cellsOf: number[] = [];
  for (const { name, config } of configurations) {
    const frames = await loadTestFrames(data, config);
    const runs: ComparedRun[] = [];
    for (const seed of seeds) {
      const folder = `${name}-seed-${seed}`;
      input.stream.write(`${folder}\n`);
      runs.push(await trainAndScore(input, { ...config, training: { ...config.training, seed } }, folder, frames));
    }
    const { parameters, cells } = measureNetwork(device, config);
    cellsOf.push(cells);
    models.push({
      name,
      architecture: config.model.architecture,
      decoding: config.model.decoding,
      parameters,
      epochs: config.training.epochs,
      quantisation: quantisationOf(config, cells),
      ...summarizeRuns(runs),
      runs,
    });
  }
  const orders = paperOrders(models);
  const compared = configurations.map(({ config }, i) => ({
    title: titleOf(models[i], models),
    config,
    cells: cellsOf[i],
  }));
  const comparison: Comparison = {
    data: { folder: data, ...counts },
    seeds: [...seeds],
    models,
    orders,
    conclusion: conclusionOf(orders, models),
    differences: orders.every(({ reproduced }) => reproduced) ? [] : differencesFromPaper(compared),
    environment: describeRunEnvironment(device),
  };
  await writeFileAtomically(join(out, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  await writeFileAtomically(join(out, 'comparison.csv'), comparisonCsv(comparison));
  await writeFileAtomically(join(out, 'comparison.md'), comparisonMarkdown(comparison));
  return comparison;
}

function checkInput({ configurations, seeds }: ComparisonInput): void {
  if (configurations.length === 0 || seeds.length === 0) {
    throw new ComparisonError(
      `There are ${configurations.length} configurations and ${seeds.length} seeds; give at least one of each.`,
    );
  }
  checkDistinct(
    'configuration',
    configurations.map(({ name }) => name),
  );
  checkDistinct('seed', seeds);
}

function checkDistinct(what: string, values: readonly (string | number)[]): void {
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice === undefined) return;
  throw new ComparisonError(
    `The ${what} ${twice} is given twice; give each once, as its runs are folders of that name.`,
  );
}

async function loadTestFrames(data: string, { model }: TrainingConfig): Promise<NetworkFrame[]> {
  return loadNetworkFrames(await readDataset(data, 'test'), model.inputSize, { keepOriginals: true });
}

async function trainAndScore(
  { device, data, out, stream, signal }: ComparisonInput,
  config: TrainingConfig,
  name: string,
  frames: readonly NetworkFrame[],
): Promise<ComparedRun> {
  const folder = join(out, name);
  const resume = canResume(folder);
  await runTraining({ device, data, config, out: folder, stream, signal, resume });
  signal?.throwIfAborted();
  const { epoch, apd, perLandmark, aopMae, undefinedAngles } =
    (await earlierScores(folder, frames)) ?? (await evaluate({ device, run: folder, split: 'test', frames })).metrics;
  return {
    seed: config.training.seed,
    folder: name,
    epoch,
    apd,
    perLandmark: { ps1: perLandmark.ps1.apd, ps2: perLandmark.ps2.apd, fh1: perLandmark.fh1.apd },
    ...(aopMae === undefined ? {} : { aopMae }),
    undefinedAngles,
  };
}

/** What these weights have scored before on these frames. */
async function earlierScores(folder: string, frames: readonly NetworkFrame[]): Promise<SplitMetrics | undefined> {
  const test = (await readMetricsFile(folder))?.test;
  if (test?.checkpoint !== 'best' || test.weights !== (await hashWeights(folder))) return undefined;
  return test.data === hashFrames(frames) ? test : undefined;
}

/** Learned values, and cells along a side of a heatmap, of a configuration's network. */
function measureNetwork(device: Device, config: TrainingConfig): { parameters: number; cells: number } {
  const model = buildModel(device, config);
  const { inputSize } = config.model;
  const [cells] = model.heatmapSize([inputSize, inputSize]);
  const parameters = model.parameterCount;
  model.dispose();
  return { parameters, cells };
}
