import sharp from 'sharp';
import { OverlayError } from './marks.js';

/** Space between the pictures and around them, px. */
const GAP = 8;
const GROUND = '#16191f';

/**
 * Pictures side by side in rows of `columns`, in cells as large as the largest of them, as PNG.
 *
 * @throws OverlayError without pictures, or where `columns` is not a whole number of at least 1
 */
export async function renderContactSheet(overlays: readonly Uint8Array[], columns: number): Promise<Uint8Array> {
  if (overlays.length === 0 || !Number.isInteger(columns) || columns < 1) {
    throw new OverlayError(
      `${overlays.length} pictures in ${columns} columns make no sheet; give at least 1 picture and 1 column.`,
    );
  }
  const sizes = await Promise.all(overlays.map(async (overlay) => sharp(overlay).metadata()));
  const cellWidth = Math.max(...sizes.map(({ width }) => width));
  const cellHeight = Math.max(...sizes.map(({ height }) => height));
  const across = Math.min(columns, overlays.length);
  const down = Math.ceil(overlays.length / across);
  return sharp({
    create: {
      width: across * (cellWidth + GAP) + GAP,
      height: down * (cellHeight + GAP) + GAP,
      channels: 3,
      background: GROUND,
    },
  })
    .composite(
      overlays.map((overlay, index) => ({
        input: Buffer.from(overlay),
        left: GAP + (index % across) * (cellWidth + GAP) + Math.floor((cellWidth - sizes[index].width) / 2),
        top: GAP + Math.floor(index / across) * (cellHeight + GAP) + Math.floor((cellHeight - sizes[index].height) / 2),
      })),
    )
    .png()
    .toBuffer();
}
