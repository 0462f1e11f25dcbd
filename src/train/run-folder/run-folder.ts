import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SondeError } from '../../engine/errors.js';
import { resolveConfig, type TrainingConfig } from '../config/index.js';
import { writeFileAtomically } from './atomic.js';
import { type Prediction, predictionsCsv } from './predictions.js';

/** A run's folder that cannot be used: taken by another run, or with nothing to resume. */
export class RunFolderError extends SondeError {
  override name = 'RunFolderError';
}

const CONFIG = 'config.json';
const METRICS = 'metrics.jsonl';

/**
 * The folder of one training run: `config.json`, complete; `metrics.jsonl`, one line per epoch; and whatever the run
 * writes besides. Files are written atomically, so that a run can be killed at any moment and resumed.
 */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder of a new run, or opens that of a run to be resumed.
   *
   * @throws RunFolderError where a new run meets a folder that is not empty; or a resumed one a folder without a
   *   configuration, or with another one (`training.epochs` may differ, so that a run can be prolonged)
   */
  static async create(path: string, config: TrainingConfig, options: { resume?: boolean } = {}): Promise<RunFolder> {
    await mkdir(path, { recursive: true });
    const entries = await readdir(path);
    const folder = new RunFolder(path);
    if (options.resume === true) {
      if (!entries.includes(CONFIG)) {
        throw new RunFolderError(`${path} holds no ${CONFIG}, so there is no run to resume; start it as a new run.`);
      }
      await folder.checkResumable(config);
      // A run that was killed while it wrote a line leaves half of it.
      await folder.keepMetrics(() => true);
    } else if (entries.length > 0) {
      throw new RunFolderError(
        `${path} is not empty: it holds ${entries.length} entries, among them ${entries.sort()[0]}; ` +
          'choose another folder or resume the run in it.',
      );
    }
    await folder.writeJson(CONFIG, config);
    return folder;
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, replacing one of that name. `name` may hold folders, which are made. */
  async write(name: string, contents: string | Uint8Array): Promise<void> {
    await writeFileAtomically(this.file(name), contents);
  }

  /** Writes `value` as indented JSON. Numbers that are not finite become null, as JSON has none. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Writes predictions, and truth and errors where they are known, as CSV. See `predictionsCsv`. */
  async writePredictionsCsv(predictions: readonly Prediction[], name = 'predictions.csv'): Promise<void> {
    await this.write(name, predictionsCsv(predictions));
  }

  /** Adds a line to `metrics.jsonl` and forces it to disk. */
  async appendMetrics(line: Readonly<Record<string, unknown>>): Promise<void> {
    await appendFile(this.file(METRICS), `${JSON.stringify(line)}\n`, { flush: true });
  }

  /** The lines of `metrics.jsonl`; none before the first. A last line that was cut short is left out. */
  async readMetrics(): Promise<Record<string, unknown>[]> {
    const text = await readFile(this.file(METRICS), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // What follows the last line break is empty, or half a line.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Drops the lines of `metrics.jsonl` that `keep` denies: those after the checkpoint from which a run goes on. */
  async keepMetrics(keep: (line: Record<string, unknown>) => boolean): Promise<void> {
    const kept = (await this.readMetrics()).filter(keep);
    await this.write(METRICS, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  private async checkResumable(config: TrainingConfig): Promise<void> {
    const file = this.file(CONFIG);
    const before = resolveConfig(JSON.parse(await readFile(file, 'utf8')), file);
    const prolonged = { ...before, training: { ...before.training, epochs: config.training.epochs } };
    for (const section of Object.keys(config) as (keyof TrainingConfig)[]) {
      if (!isDeepStrictEqual(prolonged[section], config[section])) {
        throw new RunFolderError(
          `${file} has ${section} ${JSON.stringify(prolonged[section])}, and the run to resume ` +
            `${JSON.stringify(config[section])}; give the settings it was started with, or start a new run.`,
        );
      }
    }
  }
}
