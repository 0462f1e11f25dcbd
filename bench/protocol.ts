import { fullDsntDeepUNet } from './models/workloads.js';
import type { Row } from './report.js';
import { significant } from './table.js';

/** The paper's protocol: what a fold trains on, and how often. */
const PROTOCOL = { frames: 469, folds: 8, epochs: 66, batch: 8 } as const;

/** Steps of an epoch in which a fold's training frames are seen once. */
export function stepsPerEpoch({ frames, folds, batch }: typeof PROTOCOL = PROTOCOL): number {
  return Math.ceil((frames - Math.floor(frames / folds)) / batch);
}

/**
 * What the paper's whole protocol would take, from the measured step of its network and batch; nothing where that was
 * not measured. Validation, preparation and files come on top.
 */
export function extrapolateProtocol(rows: readonly Row[]): string[] {
  const step = rows.find(
    ({ suite, name, batch }) => suite === 'step' && name === fullDsntDeepUNet.name && batch === PROTOCOL.batch,
  );
  if (!step?.check.valid) return [];
  const { frames, folds, epochs } = PROTOCOL;
  const seconds = step.time.milliseconds.median / 1000;
  const fold = seconds * stepsPerEpoch() * epochs;
  return [
    `  ${step.name}, extrapolated from ${significant(1000 * seconds)} ms a step: an epoch of ${stepsPerEpoch()} steps takes ` +
      `${significant(seconds * stepsPerEpoch())} s, a fold of ${epochs} epochs ${significant(fold / 60)} min, all ${folds} folds on ` +
      `${frames} frames ${significant((fold * folds) / 60)} min, steps alone`,
  ];
}
