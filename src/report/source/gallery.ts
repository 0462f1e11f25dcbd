import { basename, join } from 'node:path';
import sharp from 'sharp';
import { GALLERY_FILE, type GalleryPicture, gallerySchema } from '../../train/run-folder/index.js';
import type { SourceFolder } from './file.js';

/** A picture of a frame as it stands in the page. */
export interface EmbeddedPicture extends GalleryPicture {
  readonly width: number;
  readonly height: number;
  /** A `data:` address. */
  readonly source: string;
}

/** Pictures of each kind, and the longer side of each: a run costs the page at most about half a megabyte. */
const OF_A_KIND = 3;
const LONGEST_SIDE = 480;

/** The pictures of an evaluation, made small enough to be embedded. */
export async function readGallery(folder: SourceFolder, split: string): Promise<EmbeddedPicture[]> {
  const pictures = split === 'test' ? 'overlays' : `overlays-${split}`;
  const absent = ': there are no pictures of frames; evaluate the run again.';
  const gallery = (await folder.json(join(pictures, GALLERY_FILE), gallerySchema, absent)) ?? [];
  const embedded: EmbeddedPicture[] = [];
  for (const picture of gallery.filter(({ place }) => place <= OF_A_KIND)) {
    // Only what lies beside the list is embedded, whatever the list says.
    const name = join(pictures, basename(picture.picture));
    const bytes = await folder.bytes(name, ': its frame is left out.');
    if (bytes === undefined) continue;
    try {
      const { data, info } = await sharp(bytes)
        .resize(LONGEST_SIDE, LONGEST_SIDE, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 80 })
        .toBuffer({ resolveWithObject: true });
      const source = `data:image/webp;base64,${data.toString('base64')}`;
      embedded.push({ ...picture, width: info.width, height: info.height, source });
    } catch {
      folder.note(`${folder.file(name)} is damaged: it is no picture that can be read; its frame is left out.`);
    }
  }
  return embedded;
}
