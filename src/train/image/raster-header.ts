/** What PNG and JPEG files say of themselves before any pixel is decoded. */
export interface RasterHeader {
  readonly format: 'PNG' | 'JPEG';
  /** As stored, before an EXIF orientation turns them. */
  readonly width: number;
  readonly height: number;
}

/** Size from the first header of a PNG or JPEG stream; undefined where it ends or goes wrong before one. */
export function readRasterHeader(bytes: Uint8Array): RasterHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === 0x89) {
    // Signature, then the IHDR chunk: length, name, width, height.
    return bytes.length < 24 ? undefined : { format: 'PNG', width: view.getUint32(16), height: view.getUint32(20) };
  }
  // JPEG: marker segments of a length each, up to a frame header (ISO/IEC 10918-1, B.2.2).
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrameHeader(marker)) return { format: 'JPEG', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15: the range also holds tables (C4, CC) and a reserved code (C8). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Whether a JPEG stream reaches its end-of-image marker; some writers pad behind it. */
export function reachesJpegEnd(bytes: Uint8Array): boolean {
  const tail = Math.max(0, bytes.length - 1024);
  for (let at = bytes.length - 2; at >= tail; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}
