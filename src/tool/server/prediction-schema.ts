/** What `POST /v1/predict` takes and answers. */
import { z } from 'zod';
import { flag, wholeNumber } from './parameters.js';

const point = (description: string) => z.strictObject({ x: z.number(), y: z.number() }).describe(description);

const perLandmark = <Value extends z.ZodType>(value: Value, description: string) =>
  z.strictObject({ ps1: value, ps2: value, fh1: value }).describe(description);

const milliseconds = (description: string) => z.number().describe(description);

export const predictionSchema = z.strictObject({
  image: z.strictObject({
    format: z.enum(['PNG', 'JPEG', 'DICOM', 'MetaImage']),
    width: z.int(),
    height: z.int(),
    frame: z.int().describe('Which frame was looked at, from 1'),
    frameCount: z.int(),
    spacing: point('Millimetres per pixel, where the file says').nullable(),
  }),
  landmarks: z
    .strictObject({
      ps1: point('Inferior end of the pubic symphysis, the vertex of the angle'),
      ps2: point('Superior end of the pubic symphysis'),
      fh1: point('Point where the ray from PS1 touches the fetal skull'),
    })
    .describe('In pixels of the image: x right, y down, whole numbers at pixel centres'),
  aop: z.number().nullable().describe('Angle of progression, degrees; null where it does not exist'),
  aopInMillimetres: z
    .number()
    .nullable()
    .describe('The angle in millimetres instead of pixels, where pixels are not square'),
  rays: z
    .strictObject({ ps1ps2: z.number(), ps1fh1: z.number() })
    .nullable()
    .describe('Lengths of the rays in millimetres, where the file gives a spacing'),
  confidence: perLandmark(z.number().min(0).max(1), 'How far each heatmap stands behind its point, 0 to 1'),
  uncertainty: z
    .strictObject({
      predictedErrors: perLandmark(z.number(), 'Distance from the truth to be expected, pixels of the image'),
      aop: z
        .strictObject({ low: z.number(), high: z.number() })
        .nullable()
        .describe('95 % interval of the angle, degrees'),
      lowConfidence: z
        .boolean()
        .nullable()
        .describe('Whether a person should look closely; null where the model has no threshold for it'),
    })
    .nullable()
    .describe('How far off the prediction may be; null for a model that was not calibrated'),
  warnings: z.array(z.string()).describe('What a reader of the result must know'),
  heatmaps: z
    .strictObject({
      width: z.int(),
      height: z.int(),
      box: z
        .strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
        .describe('Where the maps lie, in pixels from the top left corner of the image'),
      levels: z
        .string()
        .describe(
          'Base64 of a byte for each cell, row by row, PS1 then PS2 then FH1; the highest cell of each map is 255',
        ),
    })
    .optional()
    .describe('Present where they were asked for'),
  timings: z.strictObject({
    decode: milliseconds('Reading the image, with the wait for a thread to do it; ms'),
    wait: milliseconds('For the batch to begin; ms'),
    inference: milliseconds('Of the batch; ms'),
    total: milliseconds('From the arrival of the request; ms'),
    batch: z.int().describe('Frames that were predicted in the same submit'),
  }),
  overlay: z
    .strictObject({ url: z.string(), expires: z.iso.datetime() })
    .nullable()
    .describe('The picture with landmarks, rays and angle. It is in memory only'),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  notice: z.string(),
});

export const predictionQuerySchema = z.strictObject({
  frame: wholeNumber(
    z
      .int({ error: 'a whole number from 1' })
      .min(1, { error: 'a whole number from 1' })
      .max(1_000_000, { error: 'at most 1000000' }),
  )
    .default(1)
    .describe('Which frame of a multi-frame file, from 1'),
  heatmaps: flag(z.boolean({ error: 'true or false' }))
    .default(false)
    .describe('Whether to send the heatmaps too'),
});
