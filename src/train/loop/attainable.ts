import type { Device } from '../../index.js';
import { decodedLandmarks, scaleTo512, toCoordinates } from '../../model/coordinates.js';
import { toNormalized } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { evaluateLandmarks } from '../metrics/index.js';
import { buildHeatmapReader, buildModel } from '../predict/build.js';

/**
 * How far from the truth a network is read that has learnt its targets perfectly. Not 0: a Gaussian at the edge of the
 * map loses a part of itself, so that its expectation lies further in; one that is narrow against the cells is
 * distorted by them; and the highest cell is no nearer to the truth than half a cell.
 *
 * @returns APD in pixels of a 512 px frame
 */
export async function attainableApd(
  device: Device,
  config: TrainingConfig,
  frames: readonly NetworkFrame[],
): Promise<number> {
  const { inputSize: size, grid } = config.model;
  const model = buildModel(device, config);
  const cells = model.heatmapSize([size, size]);
  model.dispose();
  const coordinates = frames.map(({ landmarks }) => toCoordinates(landmarks, size, grid));
  const logits = device.tensor(
    coordinates.flatMap((own) => logTarget(own, cells, config)),
    [frames.length, ...cells, 3],
  );
  const reader = buildHeatmapReader(config);
  const points = reader.points(logits);
  const values = await points.data();
  for (const tensor of [logits, points]) tensor.dispose();
  return evaluateLandmarks(
    frames.map(({ landmarks }, i) => ({
      predicted: scaleTo512(decodedLandmarks(reader, values, 6 * i, size, cells), size),
      truth: scaleTo512(landmarks, size),
    })),
  ).apd;
}

/** Logarithm of the target Gaussians, height×width×3: −d²/2σ², distances on [0, 1] and σ a share of the map's side. */
function logTarget(
  coordinates: readonly number[],
  [height, width]: readonly [height: number, width: number],
  { loss, model }: TrainingConfig,
): number[] {
  const term = (cell: number, cells: number, at: number) => {
    const distance = (toNormalized(cell, cells, model.grid) - at) / 2;
    return (distance * cells) ** 2 / (2 * loss.sigma ** 2);
  };
  const values: number[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let k = 0; k < 3; k++) {
        values.push(-term(column, width, coordinates[2 * k]) - term(row, height, coordinates[2 * k + 1]));
      }
    }
  }
  return values;
}
