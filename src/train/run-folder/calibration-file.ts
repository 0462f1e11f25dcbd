import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calibrationFor, sameReading } from '../../model/index.js';
import { CALIBRATION_FILE, calibrationFileSchema, type StoredCalibration } from '../uncertainty/index.js';
import { writeFileAtomically } from './atomic.js';
import { RunFolderError } from './errors.js';

/** What a calibration belongs to: certain weights, read in a certain way. */
export type CalibrationKey = Pick<StoredCalibration, 'checkpoint' | 'epoch' | 'decoding' | 'flips'>;

/**
 * The calibration that a run keeps for these weights; undefined where it has none, or one of an epoch before.
 *
 * @throws RunFolderError where the file is damaged
 */
export async function readCalibration(run: string, key: CalibrationKey): Promise<StoredCalibration | undefined> {
  return calibrationFor(await readAll(run), key);
}

/** Keeps a calibration beside those of other checkpoints and decodings, in place of an earlier one of its own. */
export async function writeCalibration(run: string, calibration: StoredCalibration): Promise<void> {
  const others = (await readAll(run)).filter((one) => !sameReading(one, calibration));
  const text = `${JSON.stringify([...others, calibration], null, 2)}\n`;
  await writeFileAtomically(join(run, CALIBRATION_FILE), text);
}

async function readAll(run: string): Promise<StoredCalibration[]> {
  const path = join(run, CALIBRATION_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
  try {
    return calibrationFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RunFolderError(`${path} is damaged; delete it, the next evaluation of the run makes it again.`, {
      cause,
    });
  }
}
