import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTooLarge } from '../../engine/errors.js';
import { STATE_FILE } from '../checkpoint/index.js';
import type { TrainingConfig } from '../config/index.js';
import { canResume, TrainingError } from '../loop/index.js';
import { writeFileAtomically } from '../run-folder/index.js';
import type { Distributions } from './distribution.js';
import { HalvingPruner } from './halving-pruner.js';
import { describeScore, type EpochScores, type Objective, scoreOf, selectingBy } from './objective.js';
import { repeatedBy } from './operations.js';
import { MedianPruner, NoPruner, type Pruner } from './pruner.js';
import { RandomSampler, type Sampler } from './sampler.js';
import { checkSpace, configOf, fixedSettings } from './space.js';
import { parametersOf, STUDY_FILE, STUDY_NAME, Study, type Verdict } from './study.js';
import { readSearch, type SearchSummary } from './summary.js';
import { TpeSampler } from './tpe-sampler.js';
import type { Trial } from './trial.js';
import { Workers } from './workers.js';

export const SAMPLERS = { tpe: () => new TpeSampler(), random: () => new RandomSampler() } as const satisfies Readonly<
  Record<string, () => Sampler>
>;
export const PRUNERS = {
  median: () => new MedianPruner(),
  halving: () => new HalvingPruner(),
  none: () => new NoPruner(),
} as const satisfies Readonly<Record<string, () => Pruner>>;

/** The configuration with the best trial's parameters, in the folder of a search. */
export const BEST_FILE = 'best.json';
/** What a search has come to, written into its folder at the end: see `searchSummarySchema`. */
export const SUMMARY_FILE = 'search.json';
/** Holds the runs of the trials, in folders of their numbers. */
export const TRIALS_FOLDER = 'trials';

/** Trains one trial. */
export type TrialRunner = (run: {
  readonly config: TrainingConfig;
  /** Folder of the trial's run. */
  readonly out: string;
  /** Whether the folder holds a state from which to go on. */
  readonly resume: boolean;
  /** To be told of every epoch of the run in order, those before a resumption too. True ends the run. */
  readonly epochEnded: (scores: EpochScores) => Promise<boolean>;
}) => Promise<void>;

export interface SearchInput {
  /** Folder of the search: new, or one to go on with, alone or beside other processes. */
  readonly out: string;
  /** What all trials have in common. */
  readonly config: TrainingConfig;
  readonly distributions: Distributions;
  readonly objective: Objective;
  /** Trials of the whole study, by whichever process. */
  readonly trials: number;
  readonly sampler: keyof typeof SAMPLERS;
  readonly pruner: keyof typeof PRUNERS;
  readonly seed: number;
  readonly run: TrialRunner;
  /** Takes lines about what happens. */
  readonly log: (line: string) => void;
  /** Once it aborts, an error of the runner hands the trial back instead of failing it. */
  readonly signal?: AbortSignal;
}

/**
 * Searches for the settings that make the objective smallest: draws trials, trains each in a folder of its own below
 * `trials/`, keeps the study file and `best.json` up to date, and writes `search.json` at the end. Whatever stops it,
 * the same call goes on.
 *
 * @throws ConfigError for a space that the configuration cannot have; SearchError where the folder is another search's;
 *   whatever the runner throws, except what lies in the trial's parameters
 */
export async function search(input: SearchInput): Promise<SearchSummary> {
  const { out, distributions, objective, sampler, pruner, seed } = input;
  const config = selectingBy(objective, input.config);
  checkSpace(distributions, config);
  const ofLoss = Object.keys(distributions).filter((name) => name.startsWith('loss.'));
  if (objective === 'loss' && ofLoss.length > 0) {
    input.log(
      `note: losses cannot be compared between trials that differ in ${ofLoss.join(', ')}; --objective apd can`,
    );
  }
  await mkdir(out, { recursive: true });
  const workers = new Workers(join(out, 'workers'));
  const study = await Study.open({
    path: join(out, STUDY_FILE),
    name: STUDY_NAME,
    distributions,
    conditions: { objective, ...fixedSettings(config, distributions) },
    sampler: SAMPLERS[sampler](),
    pruner: PRUNERS[pruner](),
    seed,
    isDead: (id) => workers.isDead(id),
  });
  const leave = await workers.join(study.workerId);
  try {
    for (let trial = await study.ask(input.trials); trial; trial = await study.ask(input.trials)) {
      await runTrial({ ...input, config }, study, trial);
      if (study.best?.number === trial.number) await publishBest({ ...input, config }, study);
    }
    // A process may have been killed between a trial's end and its file.
    await publishBest({ ...input, config }, study);
    const summary = await readSearch(out);
    await writeFileAtomically(join(out, SUMMARY_FILE), json(summary));
    return summary;
  } finally {
    await leave({ idle: !study.isRunningTrials });
  }
}

async function runTrial(input: SearchInput, study: Study, trial: Trial): Promise<void> {
  const { objective, out, log, signal } = input;
  const name = `trial ${trial.number}`;
  const folder = folderOf(out, trial.number);
  const reached: { verdict: Verdict; best: number } = { verdict: 'continue', best: Number.NaN };
  const epochEnded = async (scores: EpochScores) => {
    const score = scoreOf(objective, scores);
    if (score < reached.best || Number.isNaN(reached.best)) reached.best = score;
    reached.verdict = await study.report(trial, scores.epoch, score);
    return reached.verdict !== 'continue';
  };
  try {
    await takeOverFiles(out, trial);
    const resume = canResume(folder);
    log(`${name}: ${describeParameters(trial)}${resume ? '; goes on where it was stopped' : ''}`);
    const config = configOf(input.config, parametersOf(trial));
    await input.run({ config, out: folder, resume, epochEnded });
  } catch (error) {
    // What lies in the parameters is no reason to stop: the next trial has others.
    if (signal?.aborted !== true && (error instanceof TrainingError || isTooLarge(error))) {
      await study.fail(trial, error.message);
      await tidy(folder, study.trials[trial.number]);
      log(`${name}: failed. ${error.message}`);
      return;
    }
    // Where even that fails, as on a full disk, others take the trial over once this process has ended.
    await study.handBack(trial, error instanceof Error ? error.message : String(error)).catch(() => {});
    throw error;
  }
  const { verdict, best } = reached;
  await finish(study, trial, verdict, best);
  const ended = study.trials[trial.number];
  if (verdict !== 'lost') await tidy(folder, ended);
  const { state, value } = ended;
  const score = value === undefined ? '' : `, ${describeScore(objective, value)}`;
  const leader = study.best;
  const comparison = leader
    ? `; best is trial ${leader.number}, ${describeScore(objective, Number(leader.value))}`
    : '';
  log(`${name}: ${verdict === 'lost' ? 'taken over by another process' : state + score}${comparison}`);
}

async function finish(study: Study, trial: Trial, verdict: Verdict, best: number): Promise<void> {
  if (verdict === 'lost') return;
  if (verdict === 'prune') await study.prune(trial);
  else if (Number.isNaN(best)) await study.fail(trial, 'no epoch had a score');
  else await study.complete(trial, best);
}

function folderOf(out: string, number: number): string {
  return join(out, TRIALS_FOLDER, String(number).padStart(3, '0'));
}

/** A trial that repeats a stopped one resumes from where that one stopped. */
async function takeOverFiles(out: string, trial: Trial): Promise<void> {
  const folder = folderOf(out, trial.number);
  await mkdir(dirname(folder), { recursive: true });
  for (const number of repeatedBy(trial).toReversed()) {
    const before = folderOf(out, number);
    if (!existsSync(folder) && canResume(before)) await rename(before, folder);
    else await rm(before, { recursive: true, force: true });
  }
}

/** Keeps of a trial's run what can still be used: no state to go on from, and weights of complete trials only. */
async function tidy(folder: string, { state }: Trial): Promise<void> {
  const spent = [STATE_FILE, 'last.safetensors', ...(state === 'complete' ? [] : ['best.safetensors'])];
  for (const file of spent) await rm(join(folder, file), { force: true });
}

/** Brings `best.json` up to date, one process at a time, so that none puts back what another has written. */
async function publishBest({ out, config }: SearchInput, study: Study): Promise<void> {
  await study.exclusively(async () => {
    if (study.best) await writeFileAtomically(join(out, BEST_FILE), json(configOf(config, parametersOf(study.best))));
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function describeParameters(trial: Trial): string {
  return Object.entries(parametersOf(trial))
    .map(
      ([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : JSON.stringify(value)}`,
    )
    .join(', ');
}
