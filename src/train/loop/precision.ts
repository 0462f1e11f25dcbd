import { type Device, findMatrixUnits, type MatrixUnit } from '../../index.js';
import { precisionOn } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';

/**
 * The matrix units that the programs of a configuration of mixed precision run on: those of the device that compute
 * correctly, unless the configuration forbids them.
 *
 * @param note Told what the training runs on, in one note, or more where units were struck off.
 */
export async function matrixUnitsFor(
  device: Device,
  config: TrainingConfig,
  note: (text: string) => void = () => {},
): Promise<MatrixUnit | undefined> {
  const { precision, matrixUnits } = config.training;
  if (precision !== 'mixed') return undefined;
  if (precisionOn(device, config) !== 'mixed') {
    note('mixed precision is configured, but this adapter has no f16: everything stays f32');
    return undefined;
  }
  if (!matrixUnits) {
    note('mixed precision, without matrix units, as configured');
    return undefined;
  }
  const { units, reason, struck } = await findMatrixUnits(device);
  for (const sentence of struck) note(sentence);
  note(
    units
      ? `mixed precision on matrix units of ${units.m}×${units.n}×${units.k}`
      : `mixed precision, without matrix units: ${reason}`,
  );
  return units;
}
