import type { Calibration } from './frame.js';

/** The model that a calibration belongs to: certain weights, read in a certain way. */
export interface CalibrationKey {
  readonly checkpoint: string;
  /** The epoch of the weights, as their file's metadata say; 0 where these do not. */
  readonly epoch: number;
  readonly decoding: string;
  /** Mirrored views that were predicted beside the frame itself; absent where there were none. */
  readonly flips?: readonly string[] | undefined;
}

/**
 * The calibration of these weights and this reading among those of a `calibration.json`; undefined where there is none.
 */
export function calibrationFor<Kept extends Calibration & CalibrationKey>(
  calibrations: readonly Kept[],
  key: CalibrationKey,
): Kept | undefined {
  return calibrations.find((one) => one.epoch === key.epoch && sameReading(one, key));
}

/** Whether two calibrations are of the same checkpoint, at whatever epoch, and read in the same way. */
export function sameReading(a: CalibrationKey, b: CalibrationKey): boolean {
  return a.checkpoint === b.checkpoint && a.decoding === b.decoding && String(a.flips) === String(b.flips);
}
