import type { VNode } from 'preact';
import { describeSoftware, writeFileAtomically } from '../train/run-folder/index.js';
import { type KeyedRun, keyed, Numbering, RunName } from './elements.js';
import { count, dateTime, fixed, listed, range } from './format.js';
import { renderPage } from './page.js';
import { agreementSection } from './sections/agreement.js';
import { calibrationSection } from './sections/calibration.js';
import { comparisonSection } from './sections/comparison.js';
import { configurationSection } from './sections/configuration.js';
import { crossValidationSection } from './sections/cross-validation.js';
import { environmentSection } from './sections/environment.js';
import { errorsSection } from './sections/errors.js';
import { framesSection } from './sections/frames.js';
import { pairedSection } from './sections/paired.js';
import { scoresSection } from './sections/scores.js';
import { searchSection } from './sections/search.js';
import { trainingSection } from './sections/training.js';
import { ReportError, readSources, type Sources } from './source/sources.js';

export interface ReportOptions {
  /** Whose scores are shown; `test` where nothing is said. */
  readonly split?: string;
}

export interface Report {
  /** The page: one HTML document, complete in itself. */
  readonly html: string;
  /** What is missing or damaged in the folders, one sentence each. It stands in the page, too. */
  readonly notes: readonly string[];
}

/**
 * Makes the page about one or several runs from what their folders hold. No device and no data set is needed.
 *
 * @throws ReportError without a folder, or for one that does not exist or is no run's
 */
export async function makeReport(folders: readonly string[], { split = 'test' }: ReportOptions = {}): Promise<Report> {
  if (folders.length === 0) throw new ReportError('A report is about at least 1 run; name its folder.');
  const notes: string[] = [];
  const sources = await readSources(folders, split, (sentence) => notes.push(sentence));
  const runs = keyed(sources.runs);
  const numbering = new Numbering();
  const sections = [
    comparisonSection(sources.comparisons, numbering),
    crossValidationSection(sources.crossValidations, numbering),
    scoresSection(runs, split, numbering),
    pairedSection(runs, numbering),
    errorsSection(runs, numbering),
    agreementSection(runs, numbering),
    calibrationSection(runs, numbering),
    framesSection(runs),
    trainingSection(runs, numbering),
    searchSection(sources.searches, numbering),
    configurationSection(runs, sources, numbering),
    environmentSection(runs, sources, numbering),
  ].filter((section) => section !== undefined);
  const { date, sonde, commit } = describeSoftware();
  const html = renderPage({
    title: titleOf(sources),
    byline: `Landmarks and angle of progression in intrapartum ultrasound${runs.length > 0 ? `, ${split} split` : ''}. Written ${dateTime(date)}.`,
    lead: <Lead runs={runs} split={split} />,
    notes,
    sections,
    footer: `Made by sonde ${sonde}${commit ? ` (${commit})` : ''}. Research software: it is not a medical device.`,
  });
  return { html, notes };
}

/** As `makeReport`, into a file. */
export async function writeReport(
  folders: readonly string[],
  out: string,
  options: ReportOptions = {},
): Promise<Report> {
  const report = await makeReport(folders, options);
  await writeFileAtomically(out, report.html);
  return report;
}

/** As in "Report on run first" or "Report on 3 runs and 1 comparison". */
function titleOf({ runs, comparisons, crossValidations, searches }: Sources): string {
  const kinds = [
    { noun: 'run', names: runs.map(({ name }) => name) },
    { noun: 'comparison', names: comparisons.map(({ name }) => name) },
    { noun: 'cross-validation', names: crossValidations.map(({ name }) => name) },
    { noun: 'search', plural: 'searches', names: searches.map(({ name }) => name) },
  ].filter(({ names }) => names.length > 0);
  const [first] = kinds;
  if (kinds.length === 1 && first.names.length === 1) return `Report on ${first.noun} ${first.names[0]}`;
  return `Report on ${listed(kinds.map(({ noun, plural, names }) => count(names.length, noun, plural)))}`;
}

/** The headline of each run as a sentence. */
function Lead({ runs, split }: { runs: readonly KeyedRun[]; split: string }): VNode {
  return (
    <ul class="lead">
      {runs.map((run) => (
        <li>
          <RunName run={run} />: {headline(run, split)}
        </li>
      ))}
    </ul>
  );
}

function headline({ scores, epochs }: KeyedRun, split: string): string {
  if (!scores) return `trained for ${count(epochs.length, 'epoch')}, without scores of the ${split} split.`;
  const { apd, aopMae, intervals } = scores;
  const within = (interval: { low: number; high: number } | undefined) =>
    interval ? ` (95 % interval ${range(interval, 1)})` : '';
  const angle =
    aopMae === undefined
      ? 'no frame has an angle of progression'
      : `the angle of progression is off by ${fixed(aopMae, 1)}°${within(intervals.aopMae)}`;
  return (
    `on ${count(scores.count, `${split} frame`)} landmarks are ${fixed(apd, 1)} px${within(intervals.apd)} from the ` +
    `truth on average, and ${angle}.`
  );
}
