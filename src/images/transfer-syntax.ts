import { UnsupportedImageError } from './errors.js';

/** How the samples of a frame are stored. */
export type PixelEncoding = 'native' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg2000';

export interface TransferSyntax {
  readonly encoding: PixelEncoding;
  readonly bigEndian: boolean;
  /** The whole data set is deflated, not only the pixels. */
  readonly deflated: boolean;
}

const syntax = (encoding: PixelEncoding, { bigEndian = false, deflated = false } = {}): TransferSyntax => ({
  encoding,
  bigEndian,
  deflated,
});

const READABLE: Readonly<Record<string, TransferSyntax>> = {
  '1.2.840.10008.1.2': syntax('native'),
  '1.2.840.10008.1.2.1': syntax('native'),
  '1.2.840.10008.1.2.1.99': syntax('native', { deflated: true }),
  '1.2.840.10008.1.2.2': syntax('native', { bigEndian: true }),
  '1.2.840.10008.1.2.5': syntax('rle'),
  '1.2.840.10008.1.2.4.50': syntax('jpeg'),
  // Extended JPEG has 8 or 12 bits; streams of 12 are refused when their header is read.
  '1.2.840.10008.1.2.4.51': syntax('jpeg'),
  '1.2.840.10008.1.2.4.57': syntax('jpeg-lossless'),
  '1.2.840.10008.1.2.4.70': syntax('jpeg-lossless'),
  '1.2.840.10008.1.2.4.80': syntax('jpeg-ls'),
  '1.2.840.10008.1.2.4.81': syntax('jpeg-ls'),
  '1.2.840.10008.1.2.4.90': syntax('jpeg2000'),
  '1.2.840.10008.1.2.4.91': syntax('jpeg2000'),
};

/** Names of what is refused, so that the message says more than a number (PS3.6, table A-1). */
const REFUSED: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.92': 'multi-component JPEG 2000',
  '1.2.840.10008.1.2.4.93': 'multi-component JPEG 2000',
  '1.2.840.10008.1.2.4.100': 'MPEG-2 video',
  '1.2.840.10008.1.2.4.101': 'MPEG-2 video',
  '1.2.840.10008.1.2.4.102': 'MPEG-4 video',
  '1.2.840.10008.1.2.4.103': 'MPEG-4 video',
  '1.2.840.10008.1.2.4.107': 'HEVC video',
  '1.2.840.10008.1.2.4.201': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.4.202': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.4.203': 'high-throughput JPEG 2000',
};

/**
 * What the UID of a transfer syntax stands for.
 *
 * @throws UnsupportedImageError where it is one that is not supported
 */
export function transferSyntaxOf(uid: string, name: string): TransferSyntax {
  const known = READABLE[uid];
  if (known) return known;
  const label = REFUSED[uid] ? `${REFUSED[uid]} (transfer syntax ${uid})` : `transfer syntax ${uid}`;
  throw new UnsupportedImageError(
    `${name}: DICOM in ${label} is not supported; convert it to explicit little endian, for instance with \`gdcmconv --raw\`.`,
  );
}
