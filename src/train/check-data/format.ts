import { SPLITS } from '../dataset/index.js';
import { type DataReport, type Finding, SEVERITIES, type SplitSummary } from './report.js';

/** Findings of one kind that are printed unless all are asked for. */
const SHOWN = 5;

/** A report as text: what there is, then what was found, and at the end how much of it. */
export function formatDataReport(report: DataReport, options: { all?: boolean } = {}): string {
  const shown = options.all ? Number.POSITIVE_INFINITY : SHOWN;
  const present = SPLITS.flatMap((split) => {
    const summary = report.splits[split];
    return summary ? [`${split.padEnd(11)} ${describeSplit(summary)}`] : [];
  });
  const kinds = [...new Set(report.findings.map(({ severity, kind }) => `${severity}: ${kind}`))];
  const sections = kinds.map((title) => {
    const found = report.findings.filter(({ severity, kind }) => `${severity}: ${kind}` === title);
    const lines = found.slice(0, shown).map((finding) => `  ${placeOf(finding)}: ${finding.message}`);
    const rest = found.length - lines.length;
    if (rest > 0) lines.push(`  … and ${rest} more (--all shows them)`);
    return [`${title} (${found.length})`, ...lines].join('\n');
  });
  return [[report.directory, ...present].join('\n'), ...sections, conclusion(report)].join('\n\n');
}

function placeOf({ path, row }: Finding): string {
  return row === undefined ? path : `${path}, row ${row}`;
}

function describeSplit({ rows, images, formats, sizes, aop, aopDifference }: SplitSummary): string {
  const kinds = Object.entries(formats).map(([format, count]) => `${count} ${format}`);
  const largest = sizes.slice(0, 3).map(({ width, height, count }) => `${count} of ${width}×${height}`);
  const others = sizes.length > 3 ? [`${sizes.length - 3} other sizes`] : [];
  const parts = [
    `${plural(rows, 'row')}, ${plural(images, 'image')}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`,
    sizes.length === 1 ? `${sizes[0].width}×${sizes[0].height} pixels` : [...largest, ...others].join(', '),
    aop && `AoP ${aop.low.toFixed(1)}° to ${aop.high.toFixed(1)}°, mean ${aop.mean.toFixed(1)}°`,
    aopDifference && `its own AoP up to ${aopDifference.largest.toFixed(2)}° off`,
  ];
  return parts.filter((part) => part).join('; ');
}

function conclusion({ counts, findings }: DataReport): string {
  if (findings.length === 0) return 'Nothing is wrong with it.';
  const told = SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) =>
    plural(counts[severity], severity),
  );
  const meaning = counts.error > 0 ? 'correct the errors before training' : 'training can start';
  return `${told.join(', ')}: ${meaning}.`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
