import type { Frame, Region } from './frame.js';

/**
 * A file by its plain name, from where the header that names it lies: the folder, or what was dropped together.
 *
 * @returns undefined where there is none
 */
export type FileBeside = (fileName: string) => Promise<Uint8Array | undefined>;

/** An image file whose header has been read and none of whose pixels have been decoded. */
export interface ImageFile {
  readonly format: 'PNG' | 'JPEG' | 'DICOM' | 'MetaImage';
  /** Columns of every frame as stored, before an EXIF orientation turns them. */
  readonly width: number;
  readonly height: number;
  /** 1 but for a multi-frame DICOM and a MetaImage stack. */
  readonly frameCount: number;
  /**
   * Millimetres per pixel, and the part that shows tissue, where the header gives the same for every frame; see
   * `Frame`.
   */
  readonly spacing?: { readonly x: number; readonly y: number };
  readonly region?: Region;
  /**
   * Decodes one frame.
   *
   * @param index from 0, the default
   * @throws ImageError where there is no such frame, or its pixels are truncated, damaged or in an encoding that is not
   *   read
   */
  decode(index?: number): Promise<Frame>;
}
