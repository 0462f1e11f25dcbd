import { z } from 'zod';

/** What the pictures of an evaluation show, in `gallery.json` beside them. */
export const gallerySchema = z.array(
  z.object({
    /** File name in the same folder. */
    picture: z.string(),
    kind: z.enum(['best', 'median', 'worst']),
    /** 1 for the best of the best, the first of the median ones, the worst of the worst. */
    place: z.int().positive(),
    /** Name in the data set. */
    filename: z.string(),
    /** Mean distance of the frame's landmarks, px of a 512 frame. */
    apd: z.number(),
    /** Absolute error of the angle of progression, degrees; null where one of the two angles does not exist. */
    aopError: z.number().nullable(),
  }),
);
export type GalleryPicture = z.output<typeof gallerySchema>[number];

export const GALLERY_FILE = 'gallery.json';
