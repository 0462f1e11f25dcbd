/** What `POST /v1/predict` takes and answers. Answers are written by these schemas, and they are in the OpenAPI document. */
import { z } from 'zod';
import { FITS, parseFrames } from '../../model/index.js';
import { flag } from './parameters.js';

const point = z.strictObject({ x: z.number(), y: z.number() });

const perLandmark = <Value extends z.ZodType>(value: Value, description: string) =>
  z.strictObject({ ps1: value, ps2: value, fh1: value }).describe(description);

const landmarks = (description: string) =>
  z
    .strictObject({
      ps1: point.describe('Inferior end of the pubic symphysis, the vertex of the angle'),
      ps2: point.describe('Superior end of the pubic symphysis'),
      fh1: point.describe('Point where the ray from PS1 touches the fetal skull'),
    })
    .describe(description);

const region = (description: string) =>
  z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }).describe(description);

const spacing = point.nullable().describe('Millimetres per pixel, where the file says');

const uncertaintySchema = z
  .strictObject({
    calibrated: z
      .boolean()
      .describe(
        'Whether the numbers were calibrated on frames whose truth is known; else they are the widths of heatmaps',
      ),
    predictedError: z.number().describe('Mean of the landmarks’, pixels of the image'),
    landmarks: perLandmark(
      z.strictObject({
        covariance: z.strictObject({ xx: z.number(), xy: z.number(), yy: z.number() }).describe('Pixels² of the image'),
        entropy: z.number().describe('Of the heatmap, nats'),
        peakMass: z.number().describe('Share of the heatmap in its highest cell and the cells around it'),
        predictedError: z.number().describe('Distance from the truth to be expected, pixels of the image'),
      }),
      'How far off each landmark may be',
    ),
    aop: z
      .strictObject({
        sd: z.number(),
        low: z.number(),
        high: z.number(),
        approximate: z.boolean().describe('Whether the interval is a poor approximation'),
      })
      .nullable()
      .describe('Standard deviation and 95 % interval of the angle in the picture, degrees'),
    distance: z
      .strictObject({ value: z.number(), threshold: z.number().describe('Above it the frame is in doubt') })
      .nullable()
      .describe('From the frames that the model knows; null where its calibration does not describe them'),
  })
  .describe('How far off the prediction may be');

const heatmapsSchema = z
  .strictObject({
    width: z.int(),
    height: z.int(),
    box: region('Where the maps lie, in pixels from the top left corner of the image'),
    levels: z
      .string()
      .describe(
        'Base64 of a byte for each cell, row by row, PS1 then PS2 then FH1; the highest cell of each map is 255',
      ),
  })
  .describe('Present where they were asked for');

const milliseconds = (description: string) => z.number().describe(`${description}; ms`);

const frameSchema = z.strictObject({
  frame: z.int().describe('From 1'),
  frameCount: z.int().describe('Frames of the file'),
  width: z.int(),
  height: z.int(),
  spacing,
  pixelAspectRatio: z
    .number()
    .nullable()
    .describe('Height of a pixel divided by its width, where the file gives that and no millimetres'),
  fit: z.enum(FITS),
  seen: region('The part of the image that the network saw, in pixels from the top left corner'),
  brightOutside: z.number().describe('Luminance, 0 to 1, of the brightest patch that the network did not see'),
  landmarks: landmarks('In pixels of the image: x right, y down, whole numbers at pixel centres'),
  aop: z.number().nullable().describe('Angle of progression in the picture, degrees; null where it does not exist'),
  aopInMillimetres: z
    .number()
    .nullable()
    .describe('The angle in millimetres, which is the patient’s, where pixels are not square'),
  aopMissing: z.string().nullable().describe('Why there is no angle'),
  rays: z
    .strictObject({ ps1ps2: z.number(), ps1fh1: z.number() })
    .nullable()
    .describe('Lengths of the rays in millimetres, where the file gives a spacing'),
  confidence: perLandmark(z.number().min(0).max(1), 'How far each heatmap stands behind its point, 0 to 1'),
  uncertainty: uncertaintySchema,
  lowConfidence: z.boolean().describe('Whether a person should look at every landmark: there are doubts'),
  doubts: z.array(z.string()).readonly().describe('Why'),
  warnings: z.array(z.string()).readonly().describe('What else a reader of the result must know'),
  heatmaps: heatmapsSchema.optional(),
  notice: z.string(),
  overlay: z
    .strictObject({ url: z.string(), expires: z.iso.datetime() })
    .nullable()
    .describe('The picture with landmarks, rays and angle. It is in memory only'),
});

const overTime = z
  .strictObject({ median: z.number(), q1: z.number(), q3: z.number(), min: z.number(), max: z.number() })
  .nullable();

export const predictionSchema = z.strictObject({
  image: z.strictObject({
    format: z.enum(['PNG', 'JPEG', 'DICOM', 'MetaImage']),
    width: z.int(),
    height: z.int(),
    frameCount: z.int(),
    spacing,
  }),
  frames: z.array(frameSchema).describe('One for each frame that was chosen, in their order'),
  loop: z
    .strictObject({
      frames: z.int().describe('Frames that were looked at'),
      angles: z.int().describe('Those of them that have an angle: the numbers are theirs'),
      lowConfidence: z.int().describe('Frames in doubt; they count like the others'),
      aop: overTime.describe('Median, quartiles and range of the angle in the picture, degrees'),
      aopInMillimetres: overTime.describe('The same in millimetres, where pixels are not square'),
    })
    .nullable()
    .describe('What the frames say together; null for a file with a single frame'),
  timings: z.strictObject({
    decode: milliseconds('Reading the image, with the wait for a thread to do it'),
    wait: milliseconds('For batches to begin'),
    inference: milliseconds('Of the batches'),
    total: milliseconds('From the arrival of the request'),
    batch: z.int().describe('Frames that were predicted in the largest submit'),
  }),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  notice: z.string(),
});

export const predictionQuerySchema = z.strictObject({
  frames: z
    .string()
    .max(1024, { error: 'at most 1024 characters' })
    .refine(isSelection, { error: 'all, first, or numbers from 1 and ranges as in 1,5-9' })
    .default('all')
    .describe('Which frames of a multi-frame file: all, first, or numbers from 1 and ranges as in 1,5-9'),
  fit: z
    .enum(FITS, { error: 'crop or pad' })
    .default('crop')
    .describe('What becomes of frames that are not square: the central square, or all of it between black bars'),
  heatmaps: flag(z.boolean({ error: 'true or false' }))
    .default(false)
    .describe('Whether to send the heatmaps too'),
});

function isSelection(text: string): boolean {
  try {
    parseFrames(text);
    return true;
  } catch {
    return false;
  }
}
