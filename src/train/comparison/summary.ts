import { LANDMARK_NAMES } from '../../model/landmarks.js';
import type { TrainingConfig } from '../config/index.js';
import { mean, standardDeviation } from '../metrics/index.js';
import type { ComparedModel, ComparedRun, OverSeeds } from './schema.js';

/**
 * Mean and standard deviation of each score over the runs of a configuration. The angle only where every run has one.
 */
export function summarizeRuns(runs: readonly ComparedRun[]): Pick<ComparedModel, 'apd' | 'aopMae' | 'perLandmark'> {
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name) => overSeeds(runs.map(({ perLandmark }) => perLandmark[name])));
  const angles = runs.flatMap(({ aopMae }) => (aopMae === undefined ? [] : [aopMae]));
  return {
    apd: overSeeds(runs.map(({ apd }) => apd)),
    perLandmark: { ps1, ps2, fh1 },
    ...(angles.length === runs.length ? { aopMae: overSeeds(angles) } : {}),
  };
}

function overSeeds(values: readonly number[]): OverSeeds {
  const sd = standardDeviation(values);
  return { mean: mean(values), ...(sd === undefined ? {} : { sd }) };
}

/**
 * Mean distance of a point that lies anywhere in a cell from the cell's middle, px of a 512 px frame: c·(√2 + arsinh
 * 1)/6 for cells of side c. What is left of the error of a network whose highest cell is always the right one; nothing
 * where points lie between cells.
 *
 * @param cells Along a side of the heatmap.
 */
export function quantisationOf(
  { model }: { readonly model: Pick<TrainingConfig['model'], 'decoding'> },
  cells: number,
): number {
  if (model.decoding === 'dsnt') return 0;
  return ((512 / cells) * (Math.SQRT2 + Math.asinh(1))) / 6;
}
