import { Writable } from 'node:stream';
import type { Device } from '../../index.js';
import type { ProgressStream } from '../progress/index.js';
import { readHolder } from './claim.js';
import type { FoldCases } from './create-splits.js';
import type { CrossValidationFolder } from './folder.js';
import { trainFold } from './train-fold.js';

export interface CrossValidationInput {
  readonly device: Device;
  readonly folder: CrossValidationFolder;
  readonly cases: FoldCases;
  /** Folds to train, counted from 1. Default: all. */
  readonly folds?: readonly number[];
  /** Where progress is shown. */
  readonly stream: ProgressStream;
  /** Stops training after the step that is under way, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Trains the folds that nobody has finished and nobody else is training, one after the other. Other processes may do
 * the same at the same time, here or on machines that share the folder.
 */
export async function crossValidate(input: CrossValidationInput): Promise<void> {
  const { folder, stream } = input;
  for (const fold of input.folds ?? folder.folds) {
    if (await folder.readHeldOut(fold)) continue;
    const prefixed = withPrefix(stream, `fold ${fold}: `);
    const holder = await trainFold({ ...input, fold, stream: prefixed });
    if (holder) prefixed.write(`process ${holder.pid} on ${holder.host} trains it (${holder.adapter})\n`);
  }
}

/** Who trains each unfinished fold; undefined where nobody does. */
export async function foldsInWork(
  folder: CrossValidationFolder,
): Promise<{ fold: number; holder: Awaited<ReturnType<typeof readHolder>> }[]> {
  const folds = await folder.unfinished();
  return Promise.all(folds.map(async (fold) => ({ fold, holder: await readHolder(folder.lockOf(fold)) })));
}

/** A stream whose lines begin with a prefix. Bars of a terminal are drawn as they are, under a line with the prefix. */
function withPrefix(stream: ProgressStream, prefix: string): ProgressStream {
  if (stream.isTTY) {
    stream.write(`${prefix.trim()}\n`);
    return stream;
  }
  let rest = '';
  return new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) stream.write(`${prefix}${line}\n`);
      done();
    },
  });
}
