import { type Device, SondeError, type Tensor } from '../../index.js';
import { landmarksAt } from '../../model/coordinates.js';
import { angleOfProgression } from '../../model/landmarks.js';
import { augmentFrames, type DeviceDraws, FrameStore } from '../augmentation/index.js';
import type { TrainingConfig } from '../config/index.js';
import { loadNetworkFrames, type NetworkFrame } from '../dataset/frames.js';
import type { LabelledCase } from '../dataset/index.js';
import { renderFrameSheet, type SheetCell } from './frame-sheet.js';

/** A sheet that cannot be drawn. */
export class SheetError extends SondeError {
  override name = 'SheetError';
}

export interface AugmentationSheetOptions {
  /** Rows: frames spread evenly over the set. */
  readonly frames: number;
  /** Columns besides the frame itself: epochs of training, from the first. */
  readonly epochs: number;
  readonly signal?: AbortSignal;
}

/**
 * What a run with this configuration would see: for some frames of its training set the frame itself and what
 * augmentation makes of it in the first epochs, made on the device by the kernels that training uses. As PNG.
 *
 * @param cases The training set, in order: a frame's place in it is part of its random key.
 * @throws SheetError without frames or epochs; as `loadNetworkFrames` and `FrameStore.create`
 */
export async function drawAugmentationSheet(
  device: Device,
  cases: readonly LabelledCase[],
  config: TrainingConfig,
  { frames: wanted, epochs, signal }: AugmentationSheetOptions,
): Promise<Uint8Array> {
  const rows = Math.min(wanted, cases.length);
  if (rows < 1 || epochs < 1) {
    throw new SheetError(
      `A sheet of ${wanted} of ${cases.length} frames in ${epochs} epochs is empty; give at least one of each.`,
    );
  }
  const size = config.model.inputSize;
  const frames = await loadNetworkFrames(cases, size, { signal });
  const shown = Array.from({ length: rows }, (_, row) => Math.floor(((row + 0.5) * frames.length) / rows));
  const store = await FrameStore.create(device, frames);
  try {
    const stored = await seenIn(0, store, shown, {
      ...config,
      augmentation: { ...config.augmentation, enabled: false },
    });
    const columns: SheetCell[][] = [stored.map((cell, row) => ({ ...cell, captions: titleOf(frames[shown[row]]) }))];
    for (let epoch = 1; epoch <= epochs; epoch++) columns.push(await seenIn(epoch, store, shown, config));
    return await renderFrameSheet({
      title: 'What the network sees',
      subtitle: `${size} px · seed ${config.training.seed} · ${rows} of ${frames.length} training frames · made on ${device.info.description}`,
      columns: ['stored frame', ...Array.from({ length: epochs }, (_, i) => `epoch ${i + 1}`)],
      rows: shown.map((_, row) => columns.map((column) => column[row])),
      size,
    });
  } finally {
    store.dispose();
  }
}

/** The shown frames as training sees them in an epoch. */
async function seenIn(
  epoch: number,
  store: FrameStore,
  shown: readonly number[],
  { augmentation, training }: TrainingConfig,
): Promise<SheetCell[]> {
  const { device } = store;
  const size = store.frameSize;
  const indices = device.tensor(shown, [shown.length], 'u32');
  const key = device.tensor([training.seed, epoch], [2], 'u32');
  const { images, landmarks, draws } = augmentFrames(store, indices, key, augmentation);
  const held: Tensor[] = [indices, key, images, landmarks, draws.factors, draws.sigma, draws.geometry];
  try {
    const pixels = await images.data();
    const points = await landmarks.data();
    const words = augmentation.enabled ? await describeDraws(draws) : shown.map(() => []);
    return shown.map((_, row) => ({
      pixels: pixels.slice(row * size * size, (row + 1) * size * size),
      landmarks: landmarksAt(points, 6 * row),
      captions: words[row],
    }));
  } finally {
    for (const tensor of held) tensor.dispose();
  }
}

/** Geometry in one line, appearance in another, in the order in which it is done. */
async function describeDraws({ factors, sigma, geometry }: DeviceDraws): Promise<string[][]> {
  const looks = await factors.data();
  const blurs = await sigma.data();
  const moves = await geometry.data();
  return Array.from(blurs, (blur, i) => {
    const [brightness, contrast, contrastFirst] = looks.subarray(3 * i);
    const [horizontal, vertical, rotation, x, y] = moves.subarray(5 * i);
    const flips = [...(horizontal ? ['mirrored'] : []), ...(vertical ? ['upside down'] : [])];
    const steps = [`brightness ×${brightness.toFixed(2)}`, `contrast ×${contrast.toFixed(2)}`];
    if (contrastFirst) steps.reverse();
    return [
      [`${signed(rotation)}°`, `${signed(x)} ${signed(y)} px`, ...flips].join(' · '),
      [...steps, ...(blur > 0 ? [`blur ${blur.toFixed(2)} px`] : [])].join(' · '),
    ];
  });
}

function titleOf({ file, landmarks }: NetworkFrame): string[] {
  const angle = angleOfProgression(landmarks);
  return [file, angle === undefined ? 'no angle' : `AoP ${angle.toFixed(1)}°`];
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}
