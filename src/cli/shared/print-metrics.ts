import { dirname } from 'node:path';
import type { Evaluation } from '../../train/index.js';

/** The scores a reader looks for first, and where the rest is. */
export function printMetrics(folder: string, split: string, { metrics, pictures }: Evaluation): void {
  const { apd, apdOfMean, aopMae, perLandmark, intervals, count, undefinedAngles } = metrics;
  const range = ({ low, high }: { low: number; high: number }) => `${low.toFixed(2)} to ${high.toFixed(2)}`;
  const points = Object.entries(perLandmark).map(([name, score]) => `${name.toUpperCase()} ${score.apd.toFixed(2)}`);
  const angle =
    aopMae === undefined
      ? 'no frame has an angle'
      : `${aopMae.toFixed(2)}°${intervals.aopMae ? ` (95 %: ${range(intervals.aopMae)})` : ''}`;
  console.log(
    [
      `${split}, ${count} frames, pixels of a 512 frame:`,
      `  APD        ${apd.toFixed(2)} px (95 %: ${range(intervals.apd)}); ${points.join(', ')}`,
      `  AoP error  ${angle}${undefinedAngles > 0 ? `; ${undefinedAngles} frames without an angle` : ''}`,
      `  predicting the mean of the training frames would score ${apdOfMean.toFixed(2)} px`,
      `  metrics    ${folder}/metrics.json`,
      `  pictures   ${dirname(pictures[0])}/ (${pictures.length}; sheet.png shows all)`,
    ].join('\n'),
  );
}
