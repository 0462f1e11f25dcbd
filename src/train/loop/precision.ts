import { type Device, enableMatrixUnits } from '../../index.js';
import { precisionOn } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';

/**
 * Gets a device ready for a configuration of mixed precision: finds matrix units that compute rightly, unless the configuration
 * forbids them. What comes of it is one note, or more where a driver's units were struck off.
 */
export async function preparePrecision(
  device: Device,
  config: TrainingConfig,
  note: (text: string) => void = () => {},
): Promise<void> {
  const { precision, matrixUnits } = config.training;
  if (precision !== 'mixed') return;
  if (precisionOn(device, config) !== 'mixed') {
    note('mixed precision was asked for and this adapter has no f16: everything stays f32');
    return;
  }
  if (!matrixUnits) {
    device.traits.matrix = undefined;
    note('mixed precision, without matrix units, as configured');
    return;
  }
  const { shape, reason, struck } = await enableMatrixUnits(device);
  for (const sentence of struck) note(sentence);
  device.traits.matrix = shape;
  note(
    shape
      ? `mixed precision on matrix units of ${shape.m}×${shape.n}×${shape.k}`
      : `mixed precision, without matrix units: ${reason}`,
  );
}
