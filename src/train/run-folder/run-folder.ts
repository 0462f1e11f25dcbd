import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configDifference, describeDifference, resolveConfig, type TrainingConfig } from '../config/index.js';
import { removePartial, writeFileAtomically } from './atomic.js';
import { DiskFullError, RunFolderError } from './errors.js';
import { GUARD_FILE } from './guard.js';
import { type MetricsLine, MetricsLog } from './metrics-log.js';
import { type Prediction, predictionsCsv } from './predictions.js';

const CONFIG = 'config.json';
/** The disk is full, the user's quota is used up, the file would be larger than allowed. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * The folder of one training run: `config.json`, complete; `metrics.jsonl`, one line per epoch; and whatever the run
 * writes besides. Files are written atomically, so that a run can be killed at any moment and resumed.
 */
export class RunFolder {
  readonly path: string;
  private readonly metrics: MetricsLog;

  private constructor(path: string) {
    this.path = path;
    this.metrics = new MetricsLog(path);
  }

  /**
   * Makes the folder of a new run, or opens that of a run to be resumed.
   *
   * @throws RunFolderError where a new run meets a folder that is not empty; or a resumed one a folder without a
   *   configuration, or with another one (`training.epochs` may differ, so that a run can be extended)
   */
  static async create(path: string, config: TrainingConfig, options: { resume?: boolean } = {}): Promise<RunFolder> {
    await mkdir(path, { recursive: true });
    // What a run leaves that is killed while it writes its first file, or any later one.
    await removePartial(path);
    const entries = (await readdir(path)).filter((name) => name !== GUARD_FILE);
    const folder = new RunFolder(path);
    if (options.resume === true) {
      if (!entries.includes(CONFIG)) {
        throw new RunFolderError(`${path} holds no ${CONFIG}, so there is no run to resume; start it as a new run.`);
      }
      await folder.checkResumable(config);
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

  /**
   * Writes a file, replacing one of that name. `name` may hold folders, which are made.
   *
   * @throws DiskFullError where the disk is full, and then the file is as it was
   */
  async write(name: string, contents: string | Uint8Array): Promise<void> {
    await this.withRoom(name, writeFileAtomically(this.file(name), contents));
  }

  /** Writes `value` as indented JSON. Numbers that are not finite become null, as JSON has none. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Writes predictions, and truth and errors where they are known, as CSV. See `predictionsCsv`. */
  async writePredictionsCsv(predictions: readonly Prediction[], name = 'predictions.csv'): Promise<void> {
    await this.write(name, predictionsCsv(predictions));
  }

  /** Adds an epoch to the metrics (`metrics.jsonl`, `metrics.csv` and TensorBoard's events) and forces it to disk. */
  async appendMetrics(line: MetricsLine): Promise<void> {
    await this.withRoom('metrics', this.metrics.append(line));
  }

  /** The lines of `metrics.jsonl`; none before the first. A last line that was cut short is left out. */
  async readMetrics(): Promise<MetricsLine[]> {
    return this.metrics.read();
  }

  /** Writes the metrics anew, as of these epochs and no others. */
  async replaceMetrics(lines: readonly MetricsLine[]): Promise<void> {
    await this.withRoom('metrics', this.metrics.replace(lines));
  }

  private async withRoom(name: string, writing: Promise<void>): Promise<void> {
    try {
      await writing;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined || !FULL.includes(code)) throw cause;
      throw new DiskFullError(`${this.path} has no room for ${name} (${code})`, undefined, { cause });
    }
  }

  private async checkResumable(config: TrainingConfig): Promise<void> {
    const file = this.file(CONFIG);
    const before = resolveConfig(JSON.parse(await readFile(file, 'utf8')), file);
    const difference = configDifference(before, config);
    if (!difference) return;
    throw new RunFolderError(
      `${file} is the configuration of another run: ${describeDifference(difference)}; give the settings it was started with, ` +
        'or start a new run.',
    );
  }
}
