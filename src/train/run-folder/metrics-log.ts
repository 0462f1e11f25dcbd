import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic.js';

/** What is known of one epoch, by name. */
export type MetricsLine = Readonly<Record<string, unknown>>;

const LINES = 'metrics.jsonl';

/** A run's metrics, an entry per epoch: `metrics.jsonl`. */
export class MetricsLog {
  constructor(private readonly folder: string) {}

  /** Adds an epoch and forces it to disk. */
  async append(line: MetricsLine): Promise<void> {
    await appendFile(this.file(LINES), jsonLine(line), { flush: true });
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
    await writeFileAtomically(this.file(LINES), lines.map(jsonLine).join(''));
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}

function jsonLine(line: MetricsLine): string {
  return `${JSON.stringify(line)}\n`;
}
