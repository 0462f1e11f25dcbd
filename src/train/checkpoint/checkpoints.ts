import { readFile } from 'node:fs/promises';
import { encodeSafetensors, type SafetensorsTensors } from '../../model/index.js';
import { configDifference, describeDifference, resolveConfig } from '../config/index.js';
import type { RunFolder } from '../run-folder/index.js';
import type { TrainingPosition } from './position.js';
import { CheckpointError, decodeState, encodeState, type RunIdentity, type TrainingState } from './state-file.js';

/** File that a run resumes from. */
export const STATE_FILE = 'state.safetensors';

export type Checkpoint = 'best' | 'last';

export function checkpointFile(checkpoint: Checkpoint): string {
  return `${checkpoint}.safetensors`;
}

/**
 * A run's files, in an order that survives being killed at any moment. Renaming the new `state.safetensors` over the
 * old is the one commit: before it the epoch has not happened, and nothing else in the folder has changed; after it the
 * epoch has happened, and whatever else says so follows from the state and is written again when the run is resumed:
 * weights of the last epoch (and of the best, if that is the same), and its line of metrics, last, so that a line never
 * speaks of weights that are not there.
 */
export class Checkpoints {
  /** @param toUse Picks the weights to predict with from a state's tensors. */
  constructor(
    private readonly folder: RunFolder,
    private readonly run: RunIdentity,
    private readonly toUse: (tensors: SafetensorsTensors) => SafetensorsTensors,
  ) {}

  /** Keeps a state. Between epochs it is that of an epoch that has just ended, which the other files then tell of. */
  async commit(position: TrainingPosition, tensors: SafetensorsTensors): Promise<void> {
    await this.folder.write(STATE_FILE, encodeState({ position, tensors, run: this.run }));
    if (position.batch > 0) return;
    await this.writeWeights(position, tensors);
    if (position.line) await this.folder.appendMetrics(position.line);
  }

  /**
   * The state that was committed last, if there is one, with all other files brought to where it stands.
   *
   * @throws CheckpointError for a damaged state, or one of another configuration or other frames
   */
  async recover(): Promise<TrainingState | undefined> {
    const path = this.folder.file(STATE_FILE);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!bytes) {
      // Nothing has been committed, so what a kill left of the first epoch has not happened.
      await this.folder.replaceMetrics([]);
      return undefined;
    }
    const state = decodeState(bytes, path);
    this.checkIdentity(state.run, path);
    const { position, tensors } = state;
    if (position.batch === 0) await this.writeWeights(position, tensors);
    const before = (await this.folder.readMetrics()).filter(({ epoch }) => Number(epoch) < position.epoch);
    await this.folder.replaceMetrics(position.line ? [...before, position.line] : before);
    return state;
  }

  private async writeWeights({ epoch, best }: TrainingPosition, tensors: SafetensorsTensors): Promise<void> {
    const metadata = { epoch: String(epoch), config: this.run.config };
    const weights = encodeSafetensors({ ...this.toUse(tensors) }, metadata);
    await this.folder.write(checkpointFile('last'), weights);
    if (best?.epoch === epoch) await this.folder.write(checkpointFile('best'), weights);
  }

  private checkIdentity({ config, frames }: RunIdentity, path: string): void {
    const difference = configDifference(
      resolveConfig(JSON.parse(config), path),
      resolveConfig(JSON.parse(this.run.config)),
    );
    if (difference) {
      throw new CheckpointError(
        `${path} is the state of a run with another configuration (${describeDifference(difference)}); resume it in its own ` +
          'folder, or start a new run.',
      );
    }
    if (frames !== this.run.frames) {
      throw new CheckpointError(
        `${path} is the state of a run on other frames; give the data set it was started on, unchanged, or start a new run.`,
      );
    }
  }
}
