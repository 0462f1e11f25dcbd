import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type FrameSheet, renderFrameSheet, type SheetCell } from '../../../src/train/index.js';
import { COLORS } from '../../../src/train/overlay/marks.js';

const SIZE = 32;
const cell = (grey: number, ...captions: string[]): SheetCell => ({
  pixels: new Float32Array(SIZE * SIZE).fill(grey),
  landmarks: { ps1: { x: 16, y: 4 }, ps2: { x: 6, y: 7 }, fh1: { x: 24, y: 14 } },
  captions,
});
const sheet: FrameSheet = {
  title: 'Frames',
  subtitle: 'some of them',
  columns: ['stored', 'epoch 1'],
  rows: [
    [cell(0.2, 'a.png'), cell(0.4, '+3.0°')],
    [cell(0.6, 'b.png'), cell(1, '−2.0°', 'a line that is far too long for the width of a picture and is cut short')],
  ],
  size: SIZE,
};

async function decoded(picture: Uint8Array) {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  return { info, at: (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)] };
}

describe('renderFrameSheet', () => {
  it('sets pictures in rows and columns, each with its greys and its landmarks in their colours', async () => {
    const { info, at } = await decoded(await renderFrameSheet(sheet));
    expect(info.channels).toBe(3);
    // Pictures of 288 px: pixel (28, 28) of a frame of 32 has its middle at 256.5.
    const [left, top] = [
      [24, 24 + 288 + 14],
      [124, 124 + 288 + 2 * 16 + 2 * 14],
    ];
    const greys = [
      [51, 102],
      [153, 255],
    ];
    for (const [row, y] of top.entries()) {
      for (const [column, x] of left.entries()) {
        expect(at(x + 256, y + 256)).toEqual(new Array(3).fill(greys[row][column]));
        const [red, green, blue] = at(x + 220, y + 130);
        const expected = [1, 3, 5].map((i) => Number.parseInt(COLORS.fh1.slice(i, i + 2), 16));
        for (const [i, value] of [red, green, blue].entries()) {
          expect(Math.abs(value - expected[i]), `FH1 of row ${row}, column ${column}`).toBeLessThan(20);
        }
        // The ground on either side.
        expect(at(x - 3, y + 100)).toEqual([0x16, 0x19, 0x1f]);
      }
    }
    expect(info.width).toBe(2 * 24 + 2 * 288 + 14);
  });

  it('refuses rows that do not fill the columns and pictures of another size', async () => {
    const [[first]] = sheet.rows;
    await expect(renderFrameSheet({ ...sheet, rows: [[first]] })).rejects.toThrow(
      /A row has 1 pictures of 1024 pixels; give 2 of 32×32/,
    );
    await expect(renderFrameSheet({ ...sheet, size: 31 })).rejects.toThrow(/give 2 of 31×31/);
  });
});
