import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { VNode } from 'preact';
import { SondeError } from '../../engine/errors.js';
import { describeSoftware, writeFileAtomically } from '../run-folder/index.js';
import { type KeyedRun, keyed, Numbering, RunName } from './elements.js';
import { count, dateTime, fixed, range } from './format.js';
import { renderPage } from './page.js';
import { agreementSection } from './sections/agreement.js';
import { calibrationSection } from './sections/calibration.js';
import { configurationSection } from './sections/configuration.js';
import { environmentSection } from './sections/environment.js';
import { errorsSection } from './sections/errors.js';
import { framesSection } from './sections/frames.js';
import { pairedSection } from './sections/paired.js';
import { scoresSection } from './sections/scores.js';
import { trainingSection } from './sections/training.js';
import { type ReportedRun, readRun } from './source/run.js';

/** A report that cannot be written. */
export class ReportError extends SondeError {
  override name = 'ReportError';
}

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
  const names = namesOf(folders);
  const read: ReportedRun[] = [];
  for (const [index, folder] of folders.entries()) {
    await checkFolder(folder);
    read.push(await readRun(folder, names[index], split, (sentence) => notes.push(sentence)));
  }
  const runs = keyed(read);
  const numbering = new Numbering();
  const sections = [
    scoresSection(runs, split, numbering),
    pairedSection(runs, numbering),
    errorsSection(runs, numbering),
    agreementSection(runs, numbering),
    calibrationSection(runs, numbering),
    framesSection(runs),
    trainingSection(runs, numbering),
    configurationSection(runs, numbering),
    environmentSection(runs, numbering),
  ].filter((section) => section !== undefined);
  const { date, sonde, commit } = describeSoftware();
  const title = runs.length === 1 ? `Report on run ${runs[0].name}` : `Report on ${count(runs.length, 'run')}`;
  const html = renderPage({
    title,
    byline: `Landmarks and angle of progression in intrapartum ultrasound, ${split} split. Written ${dateTime(date)}.`,
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
    interval ? ` (95 % interval ${range(interval, 1)})` : '';
  const angle =
    aopMae === undefined
      ? 'no frame has an angle of progression'
      : `the angle of progression is off by ${fixed(aopMae, 1)}°${within(intervals.aopMae)}`;
  return (
    `on ${count(scores.count, `${split} frame`)} landmarks are ${fixed(apd, 1)} px${within(intervals.apd)} from the ` +
    `truth on average, and ${angle}.`
  );
}

/** The folders' own names, and the whole path where two are alike. */
function namesOf(folders: readonly string[]): string[] {
  const short = folders.map((folder) => basename(resolve(folder)));
  return short.map((name, index) => (short.filter((other) => other === name).length > 1 ? folders[index] : name));
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ReportError(`${folder} is no folder; give the folder of a run that npm run train has written.`);
  }
}
