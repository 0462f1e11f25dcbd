/** What PNG and JPEG files say of themselves before any pixel is decoded. */
export interface RasterHeader {
  readonly format: 'PNG' | 'JPEG';
  /** As stored, before an EXIF orientation turns them. */
  readonly width: number;
  readonly height: number;
}

/** The frame header of a JPEG or JPEG-LS stream (ISO/IEC 10918-1, B.2.2). */
export interface JpegFrameHeader {
  /** The low byte of its marker, which tells the process: C0 baseline, C3 lossless, F7 JPEG-LS. */
  readonly marker: number;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Whether components are sampled at different rates, as only luma and chroma are. */
  readonly subsampled: boolean;
  /** Whether a JFIF or an Adobe segment before the header says what the components are. */
  readonly colourDeclared: boolean;
}

/** Size from the first header of a PNG or JPEG stream; undefined where it ends or goes wrong before one. */
export function readRasterHeader(bytes: Uint8Array): RasterHeader | undefined {
  if (bytes[0] === 0x89) {
    // Signature, then the IHDR chunk: length, name, width, height.
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return bytes.length < 24 ? undefined : { format: 'PNG', width: view.getUint32(16), height: view.getUint32(20) };
  }
  const header = readJpegHeader(bytes);
  return header && { format: 'JPEG', width: header.width, height: header.height };
}

/**
 * The frame header behind the marker segments of a length each; undefined where the stream ends or goes wrong before
 * it.
 */
export function readJpegHeader(bytes: Uint8Array): JpegFrameHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let colourDeclared = false;
  let at = 2;
  while (at + 10 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrameHeader(marker)) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      const components = bytes[at + 9];
      // Each has three bytes: its identifier, its sampling factors, its table.
      const sampling = Array.from({ length: components }, (_, i) => bytes[at + 11 + 3 * i]);
      const subsampled = sampling.some((factors) => factors !== sampling[0]);
      return { marker, precision: bytes[at + 4], width, height, components, subsampled, colourDeclared };
    }
    const isSegment = (start: string) => [...start].every((letter, i) => bytes[at + 4 + i] === letter.charCodeAt(0));
    if ((marker === 0xe0 && isSegment('JFIF')) || (marker === 0xee && isSegment('Adobe'))) colourDeclared = true;
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15, between which are tables (C4, CC) and a reserved code (C8), and SOF55. */
function isFrameHeader(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) || marker === 0xf7;
}

/** Whether a JPEG stream reaches its end-of-image marker; some writers pad behind it. */
export function reachesJpegEnd(bytes: Uint8Array): boolean {
  const tail = Math.max(0, bytes.length - 1024);
  for (let at = bytes.length - 2; at >= tail; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}
