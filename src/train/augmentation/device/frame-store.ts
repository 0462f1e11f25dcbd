import type { Device, Tensor } from '../../../engine/index.js';
import { histogramOf, packFrames, wordsPerFrame } from '../../../kernels/index.js';
import { LANDMARK_NAMES } from '../../../model/landmarks.js';
import { AugmentationError, checkFrame, type LabelledFrame } from '../augment.js';

/** Frames of one tensor: larger ones are no faster, and what is uploaded at once passes through the driver's memory. */
const CHUNK_BYTES = 256 * 1024 * 1024;

/**
 * The frames of a data set on the device, 8 bits per pixel, with their landmarks and histograms, from which every batch
 * is made there. Luminance is rounded to the nearest of 256 levels, which is what image files hold.
 */
export class FrameStore {
  private constructor(
    readonly device: Device,
    /** Pixels as `gatherFrames` reads them, u32 [frames, words] each. */
    readonly chunks: readonly Tensor[],
    /** x, y of PS1, PS2, FH1, px, [frames, 3, 2]. */
    readonly labels: Tensor,
    /** Pixels of each of the 256 values, u32 [frames, 256]. */
    readonly histograms: Tensor,
    /** Height and width of a frame, px. */
    readonly frameSize: number,
    /** Frames held. */
    readonly count: number,
  ) {}

  /**
   * Uploads frames of one size.
   *
   * @throws AugmentationError for frames of two sizes, without pixels or landmarks, or with a pixel that is NaN or
   *   infinite; DeviceError where the device has no room for them
   */
  static async create(device: Device, frames: readonly LabelledFrame[]): Promise<FrameStore> {
    const sizes = [...new Set(frames.map(({ size }) => size))];
    if (sizes.length !== 1) {
      throw new AugmentationError(
        `A store takes frames of one size, and there are ${frames.length} of ${sizes.length} sizes (${sizes.join(', ')}); ` +
          'fit them to one.',
      );
    }
    const [size] = sizes;
    const words = wordsPerFrame([size, size]);
    const largest = Math.min(CHUNK_BYTES, device.limits.maxStorageBufferBindingSize);
    const perChunk = Math.max(1, Math.floor(largest / 4 / words));
    const histograms = new Uint32Array(frames.length * 256);
    const held: Tensor[] = [];
    const hold = async (values: Uint32Array | Float32Array, shape: readonly number[], label: string) => {
      const tensor = await device.allocate(() =>
        device.tensor(values, shape, values instanceof Uint32Array ? 'u32' : 'f32'),
      );
      tensor.label = label;
      held.push(tensor);
      return tensor;
    };
    try {
      const chunks: Tensor[] = [];
      for (let first = 0; first < frames.length; first += perChunk) {
        const part = frames.slice(first, first + perChunk).map((frame, i) => {
          const bytes = toBytes(frame, first + i);
          histograms.set(histogramOf(bytes), 256 * (first + i));
          return bytes;
        });
        chunks.push(await hold(packFrames(part, [size, size]), [part.length, words], 'frames'));
      }
      const labels = Float32Array.from(
        frames.flatMap(({ landmarks }) => LANDMARK_NAMES.flatMap((name) => [landmarks[name].x, landmarks[name].y])),
      );
      return new FrameStore(
        device,
        chunks,
        await hold(labels, [frames.length, 3, 2], 'landmarks of the frames'),
        await hold(histograms, [frames.length, 256], 'histograms of the frames'),
        size,
        frames.length,
      );
    } catch (error) {
      for (const tensor of held) tensor.dispose();
      throw error;
    }
  }

  /** Memory on the device, bytes. */
  get bytes(): number {
    return [...this.chunks, this.labels, this.histograms].reduce((sum, { size }) => sum + 4 * size, 0);
  }

  dispose(): void {
    for (const tensor of [...this.chunks, this.labels, this.histograms]) tensor.dispose();
  }
}

/** Luminance in [0, 1] as bytes, rounded to the nearest. */
function toBytes(frame: LabelledFrame, index: number): Uint8Array {
  checkFrame(frame);
  return Uint8Array.from(frame.pixels, (grey, i) => {
    if (Number.isNaN(grey)) {
      throw new AugmentationError(
        `Frame ${index + 1} has no grey at pixel ${i % frame.size}, ${Math.floor(i / frame.size)} (NaN); leave the frame out.`,
      );
    }
    return Math.round(255 * Math.min(1, Math.max(0, grey)));
  });
}
