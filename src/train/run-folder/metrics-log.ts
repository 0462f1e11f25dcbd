import { existsSync } from 'node:fs';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomically } from './atomic.js';
import { eventFileHeader, scalarRecord } from './tensorboard.js';

/** What is known of one epoch, by name: `epoch`, its number; `time`, when it ended, ISO 8601; and measurements. */
export type MetricsLine = Readonly<Record<string, unknown>>;

const LINES = 'metrics.jsonl';
const TABLE = 'metrics.csv';
/** TensorBoard takes any file with "tfevents" in its name. */
const EVENTS = 'events.out.tfevents.sonde';

/** Where TensorBoard shows the metrics; others stand under their own names. */
const TAGS: Readonly<Record<string, string>> = {
  trainingLoss: 'loss/training',
  validationLoss: 'loss/validation',
  trainingExcess: 'excess/training',
  validationExcess: 'excess/validation',
  trainingApd: 'training/APD (px)',
  validationApd: 'validation/APD (px)',
  validationAopMae: 'validation/AoP error (degrees)',
  learningRate: 'optimizer/learning rate',
  gradientNorm: 'optimizer/gradient norm',
  lossScale: 'optimizer/loss scale',
  imagesPerSecond: 'speed/images per second',
};

/**
 * A run's metrics, an entry per epoch, in three files: `metrics.jsonl`, which counts; and made from it `metrics.csv`
 * for spreadsheets and an event file for TensorBoard.
 */
export class MetricsLog {
  constructor(private readonly folder: string) {}

  /** Adds an epoch and forces it to disk. */
  async append(line: MetricsLine): Promise<void> {
    await appendFile(this.file(LINES), jsonLine(line), { flush: true });
    const table = existsSync(this.file(TABLE)) ? [] : [columnsOf(line)];
    await appendFile(this.file(TABLE), stringify([...table, cellsOf(line)]), { flush: true });
    const events = existsSync(this.file(EVENTS)) ? [] : [eventFileHeader(secondsOf(line))];
    await appendFile(this.file(EVENTS), Buffer.concat([...events, eventOf(line)]), { flush: true });
  }

  /** The epochs so far. A last line that was cut short is left out. */
  async read(): Promise<MetricsLine[]> {
    const text = await readFile(this.file(LINES), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // What follows the last line break is empty, or half a line.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Writes all files anew, as of these epochs and no others. */
  async replace(lines: readonly MetricsLine[]): Promise<void> {
    const [first] = lines;
    if (!first) {
      for (const name of [LINES, TABLE, EVENTS]) await rm(this.file(name), { force: true });
      return;
    }
    await writeFileAtomically(this.file(LINES), lines.map(jsonLine).join(''));
    await writeFileAtomically(this.file(TABLE), stringify([columnsOf(first), ...lines.map(cellsOf)]));
    const events = [eventFileHeader(secondsOf(first)), ...lines.map(eventOf)];
    await writeFileAtomically(this.file(EVENTS), Buffer.concat(events));
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}

function jsonLine(line: MetricsLine): string {
  return `${JSON.stringify(line)}\n`;
}

function columnsOf(line: MetricsLine): string[] {
  return Object.keys(line);
}

/** As in the JSON, but for null, which is an empty cell. */
function cellsOf(line: MetricsLine): string[] {
  return Object.values(line).map((value) => {
    if (value === null || value === undefined) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

function eventOf(line: MetricsLine): Uint8Array {
  const measured = Object.entries(line).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const scalars = measured.filter(([name]) => name !== 'epoch').map(([name, value]) => [TAGS[name] ?? name, value]);
  return scalarRecord({
    step: Number(line.epoch),
    wallTime: secondsOf(line),
    scalars: Object.fromEntries(scalars),
  });
}

/** Seconds since 1970; the present time for a line without one. */
function secondsOf({ time }: MetricsLine): number {
  return (typeof time === 'string' ? Date.parse(time) : Date.now()) / 1000;
}
