import type { HeatmapLevels } from '../../../model/index.js';
import { LANDMARK_NAMES } from '../../../model/landmarks.js';
import { COLORS } from '../../../train/overlay/marks.js';

/** Heatmaps as a picture with one pixel per cell, each landmark in its colour with the cell as opacity. */
export function drawHeatmaps({ width, height, levels }: HeatmapLevels, canvas: HTMLCanvasElement): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const colors = LANDMARK_NAMES.map((name) => rgb(COLORS[name]));
  const cells = width * height;
  for (let cell = 0; cell < cells; cell++) {
    let strongest = 0;
    let sum = 0;
    const mixed = [0, 0, 0];
    for (const [k, color] of colors.entries()) {
      const level = levels[k * cells + cell];
      strongest = Math.max(strongest, level);
      sum += level;
      for (let c = 0; c < 3; c++) mixed[c] += level * color[c];
    }
    for (let c = 0; c < 3; c++) image.data[4 * cell + c] = sum > 0 ? mixed[c] / sum : 0;
    image.data[4 * cell + 3] = strongest;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
