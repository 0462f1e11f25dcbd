import { dirname } from 'node:path';
import type { Evaluation } from '../../train/evaluate/index.js';
import { percent } from '../../train/metrics/percent.js';

type Metrics = Evaluation['metrics'];

/** The scores a reader looks for first, and where the rest is. */
export function printMetrics(folder: string, split: string, { metrics, pictures, uncalibrated }: Evaluation): void {
  const { apd, apdOfMean, perLandmark, intervals, count, distances, sdr, mm } = metrics;
  const points = Object.entries(perLandmark).map(([name, score]) => `${name.toUpperCase()} ${score.apd.toFixed(2)}`);
  const lines = [
    ['APD', `${apd.toFixed(2)} px (95 %: ${range(intervals.apd)}); ${points.join(', ')}`],
    [
      '',
      `median ${distances.median.toFixed(2)} px, 95th percentile ${distances.p95.toFixed(2)} px, ${withinText(sdr)}`,
    ],
    ...(mm ? [['', `${mm.apd.toFixed(2)} mm in the ${mm.count} frames that state their pixel spacing`]] : []),
    ['AoP error', angleText(metrics)],
    ...agreementLines(metrics),
    ...uncertaintyLines(metrics),
    ...ensembleLines(metrics),
    ['', `baseline: ${apdOfMean.toFixed(2)} px by predicting the mean of the training landmarks`],
    ['metrics', `${folder}/metrics.json`],
    ['pictures', `${dirname(pictures[0])}/ (${pictures.length}; sheet.png shows all)`],
  ];
  console.log(`${split}, ${count} frames, pixels of a 512 frame:`);
  for (const [label, text] of lines) console.log(`  ${label.padEnd(11)} ${text}`);
  if (uncalibrated) console.error(uncalibrated);
}

function angleText({ aopMae, intervals, aopWithin5, aopWithin10, undefinedAngles }: Metrics): string {
  if (aopMae === undefined) return 'undefined in every frame';
  const interval = intervals.aopMae ? ` (95 %: ${range(intervals.aopMae)})` : '';
  const missing = undefinedAngles > 0 ? `; ${undefinedAngles} frames with an undefined angle` : '';
  return `${aopMae.toFixed(2)}°${interval}; within 5°: ${percent(aopWithin5)}, 10°: ${percent(aopWithin10)}${missing}`;
}

function agreementLines({ aopAgreement }: Metrics): string[][] {
  if (aopAgreement === undefined) return [];
  const { blandAltman, icc } = aopAgreement;
  const limits = range({ low: blandAltman.lower, high: blandAltman.upper });
  return [
    [
      'agreement',
      `bias ${blandAltman.bias.toFixed(2)}°, limits ${limits}°; ICC(2,1) ${icc.icc.toFixed(3)} (95 %: ${range(icc.interval)})`,
    ],
  ];
}

function uncertaintyLines({ uncertainty }: Metrics): string[][] {
  if (uncertainty?.calibrated === undefined) return [];
  const { all, aop } = uncertainty.calibrated;
  const at95 = (found: typeof all) => percent(found.coverage.find(({ level }) => level === 0.95)?.observed ?? 0);
  const angles = aop ? ` and ${at95(aop)} of the angles in their interval` : '';
  const lines = [['calibration', `${at95(all)} of the points lie in their 95 % ellipse${angles}`]];
  const { flag } = uncertainty;
  if (flag !== undefined && flag.flagged.apd !== undefined && flag.others.apd !== undefined) {
    const { flagged, others } = flag;
    lines.push([
      '',
      `${flagged.count} frames flagged: APD ${flagged.apd?.toFixed(2)} px against ${others.apd?.toFixed(2)} px`,
    ]);
  }
  return lines;
}

function ensembleLines({ ensemble }: Metrics): string[][] {
  if (ensemble === undefined) return [];
  const { members, disagreement } = ensemble;
  const apart = Object.entries(disagreement).map(([name, px]) => `${name.toUpperCase()} ${px.toFixed(2)}`);
  const alone = members.map(({ apd }) => apd);
  return [
    [
      'members',
      `${members.length}, individual APD ${Math.min(...alone).toFixed(2)} to ${Math.max(...alone).toFixed(2)} px`,
    ],
    ['', `disagreement ${apart.join(', ')} px`],
  ];
}

function withinText({ within5, within10, within20 }: Metrics['sdr']): string {
  return `within 5 px: ${percent(within5)}, 10 px: ${percent(within10)}, 20 px: ${percent(within20)}`;
}

function range({ low, high }: { low: number; high: number }): string {
  return `${low.toFixed(2)} to ${high.toFixed(2)}`;
}
