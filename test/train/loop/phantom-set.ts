import { encodeGreyPng, generatePhantom, type Landmarks, type Split, writeDataset } from '../../../src/train/index.js';

/** Columns of black left of the frame and right of it. */
export const MARGINS = { left: 20, right: 12 } as const;
/** Side of the square that holds the picture; a frame is this high and, with its margins, wider. */
export const SIDE = 64;

/** Writes a data set of frames that are not square and larger than a small network's, a few for each split. */
export async function writePhantomSet(folder: string, counts: Readonly<Record<Split, number>>): Promise<void> {
  await writeDataset(folder, async (writer) => {
    let index = 0;
    for (const split of ['train', 'validation', 'test'] as const) {
      for (let i = 0; i < counts[split]; i++) {
        const { pixels, landmarks, aop } = generatePhantom({ seed: 21, index, difficulty: 0, size: SIDE });
        const frame = widened(pixels);
        const file = `phantom-${String(index).padStart(2, '0')}.png`;
        await writer.add(split, { file, bytes: await encodeGreyPng(frame), landmarks: shifted(landmarks), aop });
        index += 1;
      }
    }
  });
}

function widened(pixels: Uint8Array): { width: number; height: number; pixels: Uint8Array } {
  const width = MARGINS.left + SIDE + MARGINS.right;
  const wide = new Uint8Array(width * SIDE);
  for (let row = 0; row < SIDE; row++) {
    wide.set(pixels.subarray(row * SIDE, (row + 1) * SIDE), row * width + MARGINS.left);
  }
  return { width, height: SIDE, pixels: wide };
}

function shifted({ ps1, ps2, fh1 }: Landmarks): Landmarks {
  const shift = ({ x, y }: { x: number; y: number }) => ({ x: x + MARGINS.left, y });
  return { ps1: shift(ps1), ps2: shift(ps2), fh1: shift(fh1) };
}
